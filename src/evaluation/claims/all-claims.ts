import type { Claim } from './claim.ts';
import { blocks } from './blocks.ts';
import { compute } from './compute.ts';
import { hybrid } from './hybrid.ts';
import { infilling } from './infilling.ts';
import { instructions } from './instructions.ts';
import { longText } from './long-text.ts';
import { order } from './order.ts';
import { parallel } from './parallel.ts';
import { planning } from './planning.ts';
import { repeatedData } from './repeated-data.ts';
import { reversal } from './reversal.ts';
import { scaling } from './scaling.ts';
import { schedules } from './schedules.ts';

/** The claims, in the order of their letters. */
export const allClaims: readonly Claim[] = [
  reversal,
  compute,
  parallel,
  order,
  blocks,
  infilling,
  longText,
  instructions,
  scaling,
  repeatedData,
  hybrid,
  schedules,
  planning,
];
