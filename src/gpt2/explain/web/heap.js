// A heap of numbers, of which the smallest is taken first.

export class Heap {
  constructor() { this.numbers = []; }

  get size() { return this.numbers.length; }

  push(number) {
    const {numbers} = this;
    let at = numbers.length;
    for (let above = (at - 1) >> 1; at > 0 && numbers[above] > number; above = (at - 1) >> 1) {
      numbers[at] = numbers[above];
      at = above;
    }
    numbers[at] = number;
  }

  /** Removes the smallest number. */
  pop() {
    const {numbers} = this, [smallest] = numbers, last = numbers.pop();
    if (!numbers.length) return smallest;
    let at = 0;
    for (let below = 1; below < numbers.length; below = 2 * at + 1) {
      if (numbers[below + 1] < numbers[below]) below++;
      if (numbers[below] >= last) break;
      numbers[at] = numbers[below];
      at = below;
    }
    numbers[at] = last;
    return smallest;
  }
}
