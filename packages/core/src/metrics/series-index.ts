/**
 * Series of one family by their label values: a tree with one level per label. Finding a known series builds no key
 * text, because this happens for every family of every request.
 */
export class SeriesIndex<Series extends object> {
  readonly #depth: number;
  readonly #root: Node<Series> = new Map();
  readonly #all: Series[] = [];

  /** @param depth number of labels. */
  constructor(depth: number) {
    this.#depth = depth;
  }

  get size(): number {
    return this.#all.length;
  }

  /** All series in the order they were added. */
  get all(): readonly Series[] {
    return this.#all;
  }

  /** The series with exactly these labels, named in the order of the levels; values of other types than text find nothing. */
  find(names: readonly string[], labels: Readonly<Record<string, unknown>>): Series | undefined {
    let node: Node<Series> | undefined = this.#root;
    for (let i = 0; i < this.#depth && node !== undefined; i += 1) node = below(node, labels[names[i] ?? ""]);
    return node && leafOf(node);
  }

  /** The series with exactly these values, in the order of the levels. */
  findValues(values: readonly string[]): Series | undefined {
    let node: Node<Series> | undefined = this.#root;
    for (let i = 0; i < this.#depth && node !== undefined; i += 1) node = below(node, values[i]);
    return node && leafOf(node);
  }

  /** Adds a series, or puts it in the place of the one with these values. */
  set(values: readonly string[], series: Series): void {
    let node = this.#root;
    for (let i = 0; i < this.#depth; i += 1) {
      let next = node.get(values[i]);
      if (!(next instanceof Map)) node.set(values[i], (next = new Map()));
      node = next;
    }
    const old = node.get(LEAF);
    if (old === undefined || old instanceof Map) this.#all.push(series);
    else this.#all.splice(this.#all.indexOf(old), 1, series);
    node.set(LEAF, series);
  }
}

/** Marks the series in its node; no label value can be a symbol. */
const LEAF = Symbol("series");

function below<Series extends object>(node: Node<Series>, value: unknown): Node<Series> | undefined {
  const next = node.get(value);
  return next instanceof Map ? next : undefined;
}

function leafOf<Series extends object>(node: Node<Series>): Series | undefined {
  const found = node.get(LEAF);
  return found instanceof Map ? undefined : found;
}

type Node<Series> = Map<unknown, Node<Series> | Series>;
