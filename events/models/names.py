"""The dictionary of event names."""

from django.db import models

NAME_LIMIT = 1_000  # names that a namespace uses at a time
NUMBER_LIMIT = 4_000  # and ever: a path to a goal has a bit for each


class EventName(models.Model):
    """The dictionary: rows of events carry this small id instead of the name.

    A name in use has one of the namespace's slots, a retired one has none.
    """

    id = models.AutoField(primary_key=True)
    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    number = models.PositiveSmallIntegerField(
        help_text="Counts the names of a namespace: its bit in the paths to goals."
    )
    slot = models.PositiveSmallIntegerField(
        null=True, help_text="So that the database bounds the names in use."
    )
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["namespace", "name"], name="name_once"),
            models.UniqueConstraint(fields=["namespace", "number"], name="number_once"),
            models.CheckConstraint(
                condition=models.Q(number__range=(1, NUMBER_LIMIT)),
                name="at_most_4000_names",
            ),
            models.UniqueConstraint(fields=["namespace", "slot"], name="slot_once"),
            models.CheckConstraint(
                condition=models.Q(slot__range=(1, NAME_LIMIT)),
                name="at_most_1000_names_in_use",
            ),
        ]

    def __str__(self) -> str:
        return self.name
