import { testVae } from "@auteur/core/testing"
import { layer as engineLayer } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { expect, it } from "vitest"
import { loadGolden } from "../test/golden.ts"
import { layer } from "./layer.ts"

const { config, weights } = await Effect.runPromise(loadGolden)
const vae = layer({ config, weights }).pipe(Layer.provide(engineLayer({ threads: 1 })))

it.each(testVae(vae, { size: { height: 2, width: 2 } }))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
