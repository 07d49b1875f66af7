/** Ends the command when its reader goes away; output that cannot be written is told once, and the work is finished. */
export const watchOutputs = (): void => {
  for (const output of [process.stdout, process.stderr]) {
    output.on("error", (error: NodeJS.ErrnoException) => {
      // Whoever read this has gone, so the rest is not wanted.
      if (error.code === "EPIPE") process.kill(process.pid, "SIGTERM")
      else if (output === process.stdout && process.exitCode !== 1) {
        process.exitCode = 1
        const reason = error.code === "ENOSPC" ? "the disk is full" : error.message
        process.stderr.write(`What is printed cannot be written (${reason}): send it to another place.\n`)
      }
    })
  }
}
