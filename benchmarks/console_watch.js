/* Runs in the measured page before its own scripts: notes frames, long tasks, and when what was to be seen first. */
(() => {
  const marks = {};
  const drawn = [];
  let frames = [];
  let tasks = [];
  let last;
  const mark = (name) => (marks[name] ??= performance.now());
  const look = (now) => {
    if (last !== undefined) frames.push(now - last);
    last = now;
    if (marks.rows === undefined && document.querySelector("li[aria-posinset]") !== null) mark("rows");
    const count = Number(document.querySelector("[data-points]")?.dataset.points ?? 0);
    if (count > 0) mark("points");
    if (count > 0 && count !== drawn.at(-1)?.[0]) drawn.push([count, performance.now()]);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((each) => each.duration))).observe({ type: "longtask", buffered: true });
  globalThis.machiWatch = {
    begin: () => {
      frames = [];
      tasks = [];
    },
    points: () => drawn.at(-1)?.[0] ?? 0,
    go: (address) => {
      history.replaceState(null, "", address);
      dispatchEvent(new PopStateEvent("popstate"));
    },
    read: () => ({ marks, drawn, frames, longest: Math.max(0, ...tasks), longTotal: tasks.reduce((sum, each) => sum + each, 0) }),
  };
})();
