/** Waiting before another try. */

/** Waits this long, or until the browser is back on the network. */
export function pause(milliseconds) {
  return new Promise((go) => {
    const on = () => {
      clearTimeout(timer);
      removeEventListener("online", on);
      go();
    };
    const timer = setTimeout(on, milliseconds);
    addEventListener("online", on);
  });
}
