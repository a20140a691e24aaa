// What the pages share: how they ask the API, and how they lead to each other.

export const REFRESH_MS = 30_000;
const PATIENCE_MS = 30_000;
let ahead = 0; // of the visitor's clock, the server's, in milliseconds

// The time by the server's clock, in seconds: the visitor's may be wrong.
export const now = () => (Date.now() + ahead) / 1000;

// Its message is for the visitor. What helps is a login (`isLogin`), or to ask again
// (`isPassing`); anything else is to be chosen otherwise.
export class Failure extends Error {
  constructor(message, { isLogin = false, isPassing = false } = {}) {
    super(message);
    Object.assign(this, { isLogin, isPassing });
  }
}

// Returns the JSON that a path answers to the visitor's session; throws Failure, and
// what `signal` was aborted for.
export async function ask(path, { query, accept = [], signal, ...options }) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const answer = await fetch(`${path}?${new URLSearchParams(query)}`, {
    ...options,
    signal: signal ? AbortSignal.any([signal, patience]) : patience,
  }).catch((reason) => reason);
  signal?.throwIfAborted();
  if (answer instanceof Error) throw new Failure(silence(answer), { isPassing: true });
  ahead = Date.parse(answer.headers.get("Date")) - Date.now() || 0;
  const body = answer.status === 204 ? {} : await answer.json().catch(() => null);
  signal?.throwIfAborted();
  if (!answer.ok && !accept.includes(answer.status)) throw refusal(answer, body ?? {});
  if (!body) throw new Failure("The server's answer could not be read.", { isPassing: true });
  return body;
}

function silence({ name }) {
  if (!navigator.onLine) return "You are offline.";
  return name === "TimeoutError" ? "The server takes too long to answer." : "The server cannot be reached.";
}

function refusal({ status }, body) {
  if (status === 401) return new Failure("Your login has ended.", { isLogin: true });
  return new Failure(why(body) || `The server answered ${status}.`, { isPassing: status >= 500 || status === 429 });
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
// an older answer would be stale. `busy` is told when, `fail` of a Failure.
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
      fail(failure);
    } finally {
      if (!signal.aborted) busy(false);
    }
  };
}
