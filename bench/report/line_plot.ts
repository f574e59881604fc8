/**
 * A plot of a few lines as SVG, for a README: no script, no font, no colour that
 * disappears on a dark page.
 *
 * @module
 */

/** A line, and the name that stands at its end. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly label: string;
  /** Whether each step multiplies; 0 stands at the beginning then. @default {false} */
  readonly log?: boolean;
}

export interface LinePlot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

const WIDTH = 760;
const HEIGHT = 420;
/** The frame of the lines; the names stand to the right of it. */
const LEFT = 70;
const RIGHT = 560;
const TOP = 50;
const BOTTOM = 360;
const NAME_STEP = 18;

/** Okabe and Ito's, which most colour-blind people can tell apart; black for the first. */
const COLORS = [
  ...["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"],
  ...["#56b4e9", "#8a8a00"],
];
/** For those who see no colours at all. */
const DASHES = ["", "7 3", "2 3", "9 3 2 3"];

const STYLE = "text{font:13px system-ui,sans-serif;fill:#222}" +
  ".tick{font-size:11px;fill:#555}.title{font-size:16px;font-weight:600}";

/** The plot as an SVG document. The first line is the one that it is about. */
export function linePlot({ title, x, y, series }: LinePlot): string {
  const drawn = series.filter(({ points }) => points.length > 0);
  const values = drawn.flatMap(({ points }) => points);
  const across = scaleOf(x, values.map(([value]) => value), LEFT, RIGHT);
  const up = scaleOf(y, values.map(([_, value]) => value), BOTTOM, TOP);
  const middle = (TOP + BOTTOM) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="6" fill="#fff"/>`,
    text(LEFT, 28, title, 'class="title"'),
    ...across.ticks.map((tick) => gridLine(across.place(tick), tick, "x")),
    ...up.ticks.map((tick) => gridLine(up.place(tick), tick, "y")),
    text((LEFT + RIGHT) / 2, HEIGHT - 18, x.label, 'text-anchor="middle"'),
    text(
      18,
      middle,
      y.label,
      `text-anchor="middle" transform="rotate(-90 18 ${middle})"`,
    ),
    ...lines(drawn, across, up),
    "</svg>",
    "",
  ].join("\n");
}

interface Scale {
  readonly ticks: readonly number[];
  place(value: number): number;
}

/** Where values stand between two edges, and the round values to mark. */
function scaleOf(
  { log = false }: Axis,
  values: readonly number[],
  from: number,
  to: number,
): Scale {
  const ticks = log ? decades(values) : steps(values);
  const size = (value: number) => log ? Math.log10(value) : value;
  const first = size(ticks[0]);
  const last = size(ticks[ticks.length - 1]);
  return {
    ticks,
    // On an axis of powers, nothing stands at its beginning.
    place: (value) =>
      log && value <= 0
        ? from
        : from + (size(value) - first) / (last - first) * (to - from),
  };
}

/** Powers of ten around all values. */
function decades(values: readonly number[]): number[] {
  const above = values.filter((value) => value > 0);
  const first = Math.floor(Math.log10(Math.min(...above, 1e9)));
  const last = Math.ceil(Math.log10(Math.max(...above, 1e-9)));
  const count = Math.max(1, last - first) + 1;
  return Array.from({ length: count }, (_, step) => 10 ** (first + step));
}

/** About five round steps from 0. */
function steps(values: readonly number[]): number[] {
  const most = Math.max(...values, 0) || 1;
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((by) => by * power)
    .find((size) => size >= rough)!;
  const count = Math.ceil(most / step - 1e-9) + 1;
  return Array.from({ length: count }, (_, index) => index * step);
}

function gridLine(place: number, value: number, axis: "x" | "y"): string {
  const at = place.toFixed(1);
  const label = axis === "x"
    ? text(
      place,
      BOTTOM + 18,
      short(value),
      'class="tick" text-anchor="middle"',
    )
    : text(LEFT - 8, place + 4, short(value), 'class="tick" text-anchor="end"');
  const path = axis === "x"
    ? `M${at} ${TOP}V${BOTTOM}`
    : `M${LEFT} ${at}H${RIGHT}`;
  return `<path d="${path}" stroke="#ddd"/>${label}`;
}

function lines(
  series: readonly Series[],
  across: Scale,
  up: Scale,
): string[] {
  const placed = series.map(({ points }) =>
    points.map(([x, y]) => [across.place(x), up.place(y)])
  );
  const heights = namePlaces(placed.map((points) => points.at(-1)!));
  return series.flatMap(({ name }, index) => {
    const points = placed[index];
    const color = COLORS[index % COLORS.length];
    const path = points.map((point) =>
      point.map((v) => v.toFixed(1)).join(" ")
    );
    const [endX, endY] = points.at(-1)!;
    const height = heights[index];
    return [
      `<path d="M${path.join("L")}" fill="none" stroke="${color}" ` +
      `stroke-width="${index === 0 ? 3.5 : 2}" ` +
      `stroke-dasharray="${DASHES[index % DASHES.length]}"/>`,
      ...(points.length <= 8
        ? points.map(([x, y]) =>
          `<circle cx="${x.toFixed(1)}" cy="${
            y.toFixed(1)
          }" r="3" fill="${color}"/>`
        )
        : []),
      `<path d="M${endX.toFixed(1)} ${endY.toFixed(1)}L${RIGHT + 14} ` +
      `${
        height.toFixed(1)
      }" stroke="${color}" stroke-width="0.7" opacity="0.5"/>`,
      text(
        RIGHT + 18,
        height + 4,
        name,
        `style="fill:${color}"${index === 0 ? ' font-weight="600"' : ""}`,
      ),
    ];
  });
}

/** How high each name stands beside the end of its line. */
function namePlaces(ends: readonly (readonly number[])[]): number[] {
  // Of two that end at one height the right one goes first: their lines do not cross.
  const order = ends.map((_, index) => index)
    .sort((a, b) => ends[a][1] - ends[b][1] || ends[b][0] - ends[a][0]);
  const sorted = spread(
    order.map((index) => ends[index][1]),
    NAME_STEP,
    BOTTOM,
  );
  return ends.map((_, index) => sorted[order.indexOf(index)]);
}

/**
 * Heights at least a step apart, each as close to its own as the others allow, none
 * below the floor.
 */
export function spread(
  heights: readonly number[],
  step: number,
  floor: number,
): number[] {
  const order = heights.map((_, index) => index)
    .sort((a, b) => heights[a] - heights[b]);
  const result = [...heights];
  for (const [place, index] of order.entries()) {
    const above = place === 0 ? -Infinity : result[order[place - 1]];
    result[index] = Math.max(heights[index], above + step);
  }
  // Pushed out at the bottom, they push back.
  let limit = floor;
  for (const index of order.toReversed()) {
    result[index] = Math.min(result[index], limit);
    limit = result[index] - step;
  }
  return result;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>` +
    `${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replace(
    /[&<>"]/g,
    (sign) => `&#${sign.charCodeAt(0)};`,
  );
}

/** `1000` as `1k`; without digits that come from computing in binary. */
function short(value: number): string {
  const [size, letter] = value >= 1e6
    ? [1e6, "M"]
    : value >= 1e3
    ? [1e3, "k"]
    : [1, ""];
  return `${Number((value / size).toPrecision(3))}${letter}`;
}
