import { exp, log } from "@auteur/core"

const logBase = log(10000)

/** 10000^(−share): how fast the sinusoids of positions turn, from 1 radian a position at a share of 0. */
export const frequency = (share: number): number => exp(-share * logBase)
