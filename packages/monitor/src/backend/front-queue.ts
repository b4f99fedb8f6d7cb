/** Holes in front that are worth moving the rest for. */
const MOST_HOLES = 1024;

/** A queue whose front is taken off without moving what is behind it: a full one drops its oldest item at every push. */
export class FrontQueue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Counted from the front. */
  at(index: number): T | undefined {
    return this.#items[this.#head + index];
  }

  /** Takes the oldest items. */
  take(count: number): T[] {
    const taken: T[] = [];
    for (let left = Math.min(count, this.length); left > 0; left -= 1) {
      const item = this.#items[this.#head];
      // A hole holds nothing that could be collected.
      this.#items[this.#head] = undefined;
      this.#head += 1;
      if (item !== undefined) taken.push(item);
    }
    if (this.#head > MOST_HOLES || this.#head === this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** Puts items back in front. */
  putBack(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
  }
}
