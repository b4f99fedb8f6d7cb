/** An object for one call: the client's own, with some members replaced. Others go on with the original meanwhile. */

/** Members that belong to the object itself cannot be read through another one. */
const PRIVATE = /\.#[\w$]|#[\w$]+ in |__classPrivateField/;

function hasPrivateMembers(target: object): boolean {
  for (let at: unknown = target; typeof at === "object" && at !== null; at = Object.getPrototypeOf(at)) {
    const { constructor } = at;
    if (typeof constructor !== "function" || constructor === Object) continue;
    if (PRIVATE.test(Function.prototype.toString.call(constructor))) return true;
  }
  return false;
}

const derivable = new WeakMap<object, boolean>();

/** `target` with `members` over its own; `target` itself when its class does not allow that. */
export function derive(target: object, members: Readonly<Record<string, unknown>>): object {
  let allowed = derivable.get(target);
  if (allowed === undefined) derivable.set(target, (allowed = !hasPrivateMembers(target)));
  if (!allowed) return target;
  const entries = Object.entries(members).map(([name, value]) => [name, { value }] as const);
  return Object.create(target, Object.fromEntries(entries));
}
