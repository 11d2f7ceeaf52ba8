// Roving focus: one element of a group is in the tab order; arrows, Home and End move within the group.

/** A keydown handler for the group; with `columns`, up and down move by a row. */
export const roving = (selector, columns = 1) => (event) => {
  const all = [...event.currentTarget.querySelectorAll(selector)];
  const at = all.indexOf(event.target);
  const steps = {ArrowRight: 1, ArrowDown: columns, ArrowLeft: -1, ArrowUp: -columns};
  const to = {Home: 0, End: all.length - 1}[event.key] ?? at + (steps[event.key] ?? 0);
  if (to === at || at < 0 || !all[to]) return;
  event.preventDefault();
  all[to].focus();
};
