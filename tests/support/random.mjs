// Random numbers that a run can be repeated with: DCS_TEST_SEED sets the seed, which is printed.

export class Random {
  constructor(seed = Number(process.env.DCS_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32))) {
    this.seed = seed >>> 0;
    this.state = this.seed;
    console.log(`# DCS_TEST_SEED=${this.seed}`);
  }

  // 0 to below 2**32: a counter, mixed.
  next() {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let x = this.state || 1;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  }

  below(bound) {
    return this.next() % bound;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  bytes(length) {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}
