import { testTextEncoder } from "@auteur/core/testing"
import { layer as engineLayer } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { expect, it } from "vitest"
import { emojiWorld } from "../test/emoji-world.ts"
import { layer } from "./text-encoder.ts"

const encoder = Layer.unwrap(Effect.map(emojiWorld, layer)).pipe(Layer.provide(engineLayer({ threads: 1 })))

it.each(testTextEncoder(encoder))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
