// What the pages share: how they ask the API, and how they lead to each other.

export const REFRESH_MS = 30_000;
const AWAY = "The server cannot be reached.";

// Its message is for the visitor.
export class Failure extends Error {}

// Returns the JSON that a path answers to the visitor's session; throws Failure.
export async function ask(path, { query, accept = [], ...options }) {
  const address = `${path}?${new URLSearchParams(query)}`;
  const answer = await fetch(address, options).catch((reason) => {
    if (options.signal?.aborted) throw reason;
    throw new Failure(options.method ? AWAY : `${AWAY} Trying again every half minute.`);
  });
  const body = await answer.json().catch(() => ({}));
  if (answer.ok || accept.includes(answer.status)) return body;
  if (answer.status === 401) throw new Failure("Your login has ended. Reload the page to log in again.");
  throw new Failure(why(body) || `The server answered ${answer.status}.`);
}

// The API has two shapes of an error: see the documentation of each part.
function why({ message, error, error_data }) {
  const details = Object.values(error_data?.query ?? error?.query ?? {}).flat().join(" ");
  return details || message || error?.what;
}

// Lets the links to the other pages lead to the same namespace.
export function carry(namespace) {
  for (const link of document.querySelectorAll("nav .page")) link.search = new URLSearchParams({ namespace });
}

// Returns a function that runs `work` with a signal, which aborts when it runs again:
// an older answer would be stale. `busy` is told when, `fail` what a Failure says.
export function newest(work, { busy, fail }) {
  let running = new AbortController();
  return async () => {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    busy(true);
    try {
      await work(signal);
    } catch (failure) {
      if (signal.aborted) return;
      if (!(failure instanceof Failure)) throw failure;
      fail(failure.message);
    } finally {
      if (!signal.aborted) busy(false);
    }
  };
}
