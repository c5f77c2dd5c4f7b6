// Who is to be told when something changes: "colours" (of the points), "column" (that gives them), "order" (which points are shown, and
// in front), "selection", "hover", "theme".

class Signals {
  constructor() {
    this.listeners = new Map();
  }

  on(name, act) {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), act]);
  }

  tell(name, ...what) {
    for (const act of this.listeners.get(name) ?? []) act(...what);
  }
}
