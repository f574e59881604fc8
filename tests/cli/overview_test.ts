import { assertEquals } from "@std/assert";
import {
  priorityRange,
  shortIds,
  totalOf,
  usersOf,
} from "../../lib/cli/overview.ts";
import { NO_REGISTRY } from "../../lib/cli/who.ts";

Deno.test("shortIds() cuts ids where they still differ", () => {
  const ids = ["k3v9x2m1qa-4", "k3v9x2zzzz-4", "0a1b2c3d4e5f", "zz00zz00zz-16"];
  assertEquals(Object.fromEntries(shortIds(ids)), {
    "k3v9x2m1qa-4": "k3v9x2m",
    "k3v9x2zzzz-4": "k3v9x2z",
    "0a1b2c3d4e5f": "0a1b2c",
    "zz00zz00zz-16": "zz00zz",
  });
});

Deno.test("shortIds() leaves ids of one owner whole", () => {
  const ids = ["k3v9x2m1qa-4", "k3v9x2m1qa-8", "k3v9x2m1qa-48"];
  assertEquals([...shortIds(ids).values()].sort(), ids.toSorted());
});

Deno.test("usersOf() names nobody where all are the one who looks", () => {
  const who = (user: string | null) => ({
    ...NO_REGISTRY.whoIs({} as never),
    user,
  });
  const ada = { ...NO_REGISTRY, me: "ada" };
  assertEquals(usersOf([who("ada"), who(null)], ada), ["", ""]);
  assertEquals(usersOf([who("ada"), who("eve")], ada), ["ada", "eve"]);
});

Deno.test("totalOf() and priorityRange() put several into one", () => {
  assertEquals({ ...totalOf([{ a: 1, b: 2 }, { a: 3 }]) }, { a: 4, b: 2 });
  assertEquals(priorityRange([{ priority: 3 }, { priority: -1 }]), "-1..3");
  assertEquals(priorityRange([{ priority: 3 }]), "3");
});
