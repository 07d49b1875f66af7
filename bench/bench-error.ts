/** A benchmark that cannot run, with a sentence for whoever started it. */
export class BenchError extends Error {}
