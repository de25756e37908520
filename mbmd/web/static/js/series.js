// Points in time for plots, bounded in span and number; nothing here knows the page.

const MOST = 6000;
const MINUTE = 60000;

/** The points of some measurements in the last `span` milliseconds, each measurement a column. */
export class Points {
  constructor(names, span) {
    this.names = names;
    this.span = span;
    this.clear();
  }

  clear() {
    this.times = [];
    this.columns = this.names.map(() => []);
  }

  /** Take what the daemon remembers; later points that came meanwhile stay. */
  replace(times, values) {
    const last = times.at(-1) ?? 0;
    const from = this.times.findIndex((time) => time > last);
    const kept = from < 0 ? [] : this.times.slice(from);
    this.columns = this.names.map((name, at) => {
      const told = values[name] ?? times.map(() => null);
      return [...told, ...(from < 0 ? [] : this.columns[at].slice(from))];
    });
    this.times = [...times, ...kept];
  }

  /** Add a poll; a measurement that it did not read keeps its latest value, as it does on the page. */
  add(time, values) {
    const last = this.times.at(-1) ?? 0;
    if (time < last) return;
    if (time === last) this.#drop(this.times.length - 1, 1);
    this.times.push(time);
    this.names.forEach((name, at) => {
      const value = values[name];
      this.columns[at].push(Number.isFinite(value) ? value : null);
    });
    this.forget(time - this.span);
  }

  /** Forget what came before a time, and what is too much. */
  forget(before) {
    let old = Math.max(0, this.times.length - MOST);
    while (old < this.times.length && this.times[old] < before) old++;
    if (old) this.#drop(0, old);
  }

  /** Columns as a plot takes them, in seconds, with a break wherever nothing came for longer than `gap` milliseconds. */
  plotted(gap) {
    const out = [[], ...this.names.map(() => [])];
    this.times.forEach((time, at) => {
      if (at && time - this.times[at - 1] > gap) {
        out[0].push((this.times[at - 1] + 1) / 1000);
        for (let column = 1; column < out.length; column++) out[column].push(null);
      }
      out[0].push(time / 1000);
      this.columns.forEach((column, number) => out[number + 1].push(column[at]));
    });
    return out;
  }

  #drop(from, count) {
    this.times.splice(from, count);
    for (const column of this.columns) column.splice(from, count);
  }
}

/** The mean of each minute, put into points; the minute that goes on is the last of them. */
export class Means {
  constructor(points) {
    this.points = points;
    this.clear();
  }

  clear() {
    this.minute = 0;
    this.sums = {};
  }

  add(time, values) {
    const minute = Math.floor(time / MINUTE) * MINUTE;
    if (minute !== this.minute) {
      this.minute = minute;
      this.sums = {};
    }
    const means = {};
    for (const name of this.points.names) {
      const sum = (this.sums[name] ??= { total: 0, count: 0 });
      if (typeof values[name] === "number") {
        sum.total += values[name];
        sum.count += 1;
      }
      if (sum.count) means[name] = sum.total / sum.count;
    }
    this.points.add(minute, means);
  }
}

/** The smallest, mean and largest number of a column; null if it has none. */
export function summary(column) {
  let [low, high, sum, count] = [Infinity, -Infinity, 0, 0];
  for (const value of column) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
    count += 1;
  }
  return count ? { low, mean: sum / count, high } : null;
}
