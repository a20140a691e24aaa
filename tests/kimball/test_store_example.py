"""The online store of the published documentation: three ways to the first purchase."""

GOAL = "Completed purchase"
BY_SEARCH = ["Sign up", "Login", "Searched for a product"]
BY_BROWSING = ["Sign up", "Login", "Browsed for a product"]
BY_LINK = ["Direct link to a product"]
WAYS = {"searching": BY_SEARCH, "browsing": BY_BROWSING, "linked": BY_LINK}
OCCURRENCES = {"searching": 5, "browsing": 3, "linked": 2}


def buyers():
    """Returns each buyer with the events of the way that the buyer took."""
    return {
        f"{way} {number}": WAYS[way]
        for way, occurrences in OCCURRENCES.items()
        for number in range(occurrences)
    }


def shop(namespace):
    """Sends everybody's first steps, mixed, then purchases, then what came later."""
    assert namespace.post("/v0/goals", {"goal_name": GOAL}).status_code == 204
    for step in range(3):
        for user, events in buyers().items():
            for name in events[step : step + 1]:
                one = {"event_name": name, "user_id": user}
                assert namespace.post("/v0/analytics", one).status_code == 204
    visitor = {"event_name": "Sign up", "user_id": "a visitor"}
    assert namespace.post("/v0/analytics", visitor).status_code == 204
    bought = [{"event_name": GOAL, "user_id": user} for user in buyers()]
    namespace.send(*bought)
    later = [{"event_name": "Sign up", "user_id": user} for user in buyers()]
    namespace.send(*later, *bought)


def test_the_three_combinations_of_the_online_store(namespace):
    shop(namespace)
    found = {frozenset(k): v for k, v in namespace.combinations(GOAL).items()}
    assert found == {
        frozenset(BY_SEARCH): 5,
        frozenset(BY_BROWSING): 3,
        frozenset(BY_LINK): 2,
    }
    assert ("Login", "Searched for a product", "Sign up") in (
        namespace.combinations(GOAL)
    )
    assert namespace.singles(GOAL) == {
        "Sign up": 8,
        "Login": 8,
        "Searched for a product": 5,
        "Browsed for a product": 3,
        "Direct link to a product": 2,
    }
    assert namespace.counts()[GOAL] == 10
    assert namespace.counts()["Sign up"] == 11
    assert namespace.rows()["global_counter"]["count"] == 11
