import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { EngineError, GenerateError, ModelError } from "@auteur/core"
import type { Engine } from "@auteur/engine"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { cachesCase } from "./caches-case.ts"
import { type CaseFolder, type Json, readJson, readTensors, type Tensors } from "./case-folder.ts"
import type { Case } from "./find-cases.ts"
import { loraCase } from "./lora-case.ts"
import { ParityError } from "./parity-error.ts"
import { pipelineCase } from "./pipeline-case.ts"
import { randomCase } from "./random-case.ts"
import { type Kind, recognise } from "./recognise.ts"
import { type CaseResult, type SchedulerCase, schedulerCase } from "./scheduler-case.ts"
import { shapesCase } from "./shapes-case.ts"
import { textEncoderCase } from "./text-encoder-case.ts"
import { tokenizerCase } from "./tokenizer-case.ts"
import { transformerCase } from "./transformer-case.ts"
import { vaeCase } from "./vae-case.ts"

type Results = Effect.Effect<
  ReadonlyArray<CaseResult>,
  ParityError | GenerateError | ModelError | EngineError,
  Engine | Scope.Scope
>

/** Kinds that nothing here computes yet. */
const notCovered: ReadonlyArray<Kind> = ["training"]

/** What is compared with the reference; `undefined` for a kind of case that is not covered. */
export const runCase: (
  given: Case,
) => Effect.Effect<
  ReadonlyArray<CaseResult> | undefined,
  ParityError | GenerateError | ModelError | EngineError,
  Engine | Scope.Scope
> = Effect.fnUntraced(function* (given) {
  if ("problem" in given) return yield* new ParityError({ message: given.problem })
  if ("file" in given) {
    const json = yield* readJson(given.file)
    if (json["tensors"] !== undefined) return yield* shapesCase(json, given.file)
    return yield* new ParityError({ message: `This file is not recognised: it has no "tensors" with their shapes.` })
  }
  const { folder } = given
  const kind = yield* recognise(folder)
  if (kind === undefined) {
    return yield* new ParityError({
      message: `This folder is not recognised as a case: it holds ${[...folder.files].join(", ") || "nothing"}.`,
    })
  }
  if (notCovered.includes(kind)) return undefined
  if (kind === "tokenizer") return yield* tokenizerCase(folder, yield* readJson(join(folder.path, "cases.json")))
  const tensors = yield* readTensors(folder)
  const results = yield* runKind(kind, folder, tensors)
  const checked = new Set(results.map(({ name }) => `out.${name}`))
  const left = [...tensors.keys()].filter((name) => name.startsWith("out.") && !checked.has(name))
  if (left.length > 0) {
    return yield* new ParityError({ message: `These values were not compared with anything: ${left.join(", ")}.` })
  }
  return results
})

const runKind = (kind: Kind, folder: CaseFolder, tensors: Tensors): Results =>
  Effect.gen(function* () {
    const json = (name: string) => readJson(join(folder.path, name))
    switch (kind) {
      case "random":
        return yield* randomCase(yield* json("case.json"), tensors)
      case "scheduler":
        return yield* runScheduler(folder, yield* json("case.json"), tensors)
      case "transformer":
        return yield* transformerCase(folder, yield* json("config.json"), tensors)
      case "vae":
        return yield* vaeCase(folder, yield* json("config.json"), tensors)
      case "text-encoder":
        return yield* textEncoderCase(folder, yield* json("config.json"), tensors)
      case "lora":
        return yield* loraCase(folder, yield* json("case.json"), tensors)
      case "caches":
        return yield* cachesCase(folder, yield* json("case.json"), tensors)
      default:
        return yield* pipelineCase(folder, yield* json("case.json"), tensors)
    }
  })

const runScheduler = (folder: CaseFolder, json: Json, tensors: Tensors): Results =>
  Effect.try({
    try: () =>
      schedulerCase(
        json as unknown as SchedulerCase,
        tensors,
        (name) => JSON.parse(readFileSync(join(folder.path, "..", name, "case.json"), "utf8")) as SchedulerCase,
      ),
    catch: (error) => new ParityError({ message: (error as Error).message }),
  })
