import type { Claim } from './claim.ts';
import { blocks } from './blocks.ts';
import { compute } from './compute.ts';
import { hybrid } from './hybrid.ts';
import { infilling } from './infilling.ts';
import { instructions } from './instructions.ts';
import { longText } from './long-text.ts';
import { orderClaim } from './order.ts';
import { parallel } from './parallel.ts';
import { planning } from './planning.ts';
import { repeatedData } from './repeated-data.ts';
import { reversal } from './reversal.ts';
import { scaling } from './scaling.ts';
import { schedulesClaim } from './schedules.ts';

/** The claims, in the order of their letters. */
export const allClaims: readonly Claim[] = [
  reversal,
  compute,
  parallel,
  orderClaim,
  blocks,
  infilling,
  longText,
  instructions,
  scaling,
  repeatedData,
  hybrid,
  schedulesClaim,
  planning,
];
