// What is asked for by HTTP. Anything may fail, as with an older daemon: the page does with what it has.

let onRefused = (_) => {};

/** Whom to tell whether the daemon wants a login. */
export function whenRefused(tell) {
  onRefused = tell;
}

/**
 * The JSON at a path below the page; null if it cannot be had.
 * @param {string} path
 */
export async function ask(path) {
  try {
    const answer = await fetch(new URL(path, document.baseURI), { headers: { accept: "application/json" } });
    onRefused(answer.status === 401);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
