/** A binary heap that gives the least first. */
export interface Heap<T> {
  readonly size: number;
  peek(): T | undefined;
  push(item: T): void;
  pop(): T | undefined;
}

export function createHeap<T>(keyOf: (item: T) => number): Heap<T> {
  const items: T[] = [];
  const keyAt = (index: number) => keyOf(items[index] as T);
  function swap(a: number, b: number): void {
    const item = items[a] as T;
    items[a] = items[b] as T;
    items[b] = item;
  }

  function sink(from: number): void {
    for (let index = from; ; ) {
      const left = 2 * index + 1;
      let least = index;
      if (left < items.length && keyAt(left) < keyAt(least)) least = left;
      if (left + 1 < items.length && keyAt(left + 1) < keyAt(least)) least = left + 1;
      if (least === index) return;
      swap(index, least);
      index = least;
    }
  }

  return {
    get size() {
      return items.length;
    },
    peek: () => items[0],
    push(item) {
      items.push(item);
      for (let index = items.length - 1; index > 0; ) {
        const parent = (index - 1) >> 1;
        if (keyAt(parent) <= keyAt(index)) return;
        swap(parent, index);
        index = parent;
      }
    },
    pop() {
      const least = items[0];
      const last = items.pop() as T;
      if (items.length > 0) {
        items[0] = last;
        sink(0);
      }
      return least;
    },
  };
}
