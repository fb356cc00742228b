/** Waiting before another try. */

/** Waits this long, or until the browser is online again, or the window gets one of the events in `sooner`. */
export function pause(milliseconds, ...sooner) {
  const events = ["online", ...sooner];
  return new Promise((go) => {
    const on = () => {
      clearTimeout(timer);
      events.forEach((event) => removeEventListener(event, on));
      go();
    };
    const timer = setTimeout(on, milliseconds);
    events.forEach((event) => addEventListener(event, on));
  });
}
