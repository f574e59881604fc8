/**
 * All questions, in the order in which they are put.
 *
 * @module
 */
import type { Question } from "../question.ts";
import { changedBetween } from "./changed_between.ts";
import { commandStart } from "./command_start.ts";
import { contention } from "./contention.ts";
import { death } from "./death.ts";
import { handover } from "./handover.ts";
import { order } from "./order.ts";
import { placement } from "./placement.ts";
import { pythonClient } from "./python_client.ts";
import { severalUnits } from "./several_units.ts";
import { uncontended } from "./uncontended.ts";
import { waiting } from "./waiting.ts";
import { wholeCapacity } from "./whole_capacity.ts";

export const QUESTIONS: readonly Question[] = [
  ...[uncontended, changedBetween, contention, severalUnits, handover, death],
  ...[waiting, commandStart, order, wholeCapacity, pythonClient, placement],
];
