/** An object for one call: the client's own, with some members replaced. Others go on with the original meanwhile. */

/** Members that belong to the object itself cannot be read through another one. */
const PRIVATE = /\.#[\w$]|#[\w$]+ in |__classPrivateField/;

/** The source of a class is read once: libraries make objects of few classes, some for every call. */
const known = new WeakMap<object, boolean>();

function isPrivate(constructor: object): boolean {
  let found = known.get(constructor);
  if (found === undefined) {
    found = PRIVATE.test(Function.prototype.toString.call(constructor));
    known.set(constructor, found);
  }
  return found;
}

function hasPrivateMembers(target: object): boolean {
  for (let at: unknown = target; typeof at === "object" && at !== null; at = Object.getPrototypeOf(at)) {
    const { constructor } = at;
    if (typeof constructor === "function" && constructor !== Object && isPrivate(constructor)) return true;
  }
  return false;
}

/** `target` with `members` over its own; `target` itself when its class does not allow that. */
export function derive(target: object, members: Readonly<Record<string, unknown>>): object {
  if (hasPrivateMembers(target)) return target;
  const entries = Object.entries(members).map(([name, value]) => [name, { value }] as const);
  return Object.create(target, Object.fromEntries(entries));
}
