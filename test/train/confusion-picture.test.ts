import sharp from "sharp";
import { expect, test } from "vitest";
import { confusionPicture } from "../../core/train/confusion-picture.ts";

const title = { what: "test", classes: ["benign", "malignant"], positive: 1 };

test("a confusion picture is a PNG whose cells are the darker the more of the row they hold", async () => {
  const png = await confusionPicture(
    [
      [10, 0],
      [5, 5],
    ],
    title,
  );
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const red = (row: number, column: number) =>
    data[((96 + row * 90 + 10) * info.width + 130 + column * 90 + 10) * 3] as number;
  expect(red(0, 1)).toBe(255);
  expect(red(1, 0)).toBeLessThan(200);
  expect(red(0, 0)).toBeLessThan(red(1, 0));
});

test("the same matrix gives the same picture, another matrix another", async () => {
  const picture = await confusionPicture(
    [
      [10, 0],
      [5, 5],
    ],
    title,
  );
  expect(
    await confusionPicture(
      [
        [10, 0],
        [5, 5],
      ],
      title,
    ),
  ).toEqual(picture);
  expect(
    await confusionPicture(
      [
        [10, 0],
        [4, 6],
      ],
      title,
    ),
  ).not.toEqual(picture);
});

test("undefined scores and names in other scripts are drawn too", async () => {
  const picture = await confusionPicture(
    [
      [0, 0],
      [0, 0],
    ],
    { ...title, classes: ["健康 & <b>", "a very long class name"] },
  );
  expect((await sharp(picture).metadata()).format).toBe("png");
});
