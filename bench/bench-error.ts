/** What keeps a benchmark from running, as a sentence for whoever started it. */
export class BenchError extends Error {}
