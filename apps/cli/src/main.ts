#!/usr/bin/env node
import module from "node:module"

// Keeps what V8 makes of the sources, which halves the time until the first flag is read.
module.enableCompileCache?.()
await import("./cli.ts")
