import type { SamplerShape } from "@auteur/core"

export declare const straight: SamplerShape
