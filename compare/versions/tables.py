"""Tables that are made for a comparison. The same numbers every time, by Python's own generator."""

import random
from datetime import date, timedelta
from pathlib import Path


def write_mixed(path: Path, rows: int) -> None:
    """Numbers, categories, dates, booleans, gaps, and text with quotes."""
    draw = random.Random(21)
    cities = ["Ulm", "Köln", "Bonn, Süd", 'the "old" town', "Hamm", "Trier"]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("price,area,rooms,city,built,garden,heating,note,owner,tax,sold\n")
        for _ in range(rows):
            area, rooms, city = 30 + 120 * draw.random(), 1 + int(5 * draw.random()), int(len(cities) * draw.random())
            built = date(1950, 1, 1) + timedelta(days=int(25_000 * draw.random()))
            garden, heating = draw.random() < 0.4, ("gas", "oil", "pump")[int(3 * draw.random())]
            price = 40 + 2.5 * area + 12 * rooms + 30 * city + (25 if garden else 0) + 20 * (draw.random() - 0.5)
            sold = ("no", "yes")[price + 60 * draw.random() < 380]
            note = "" if draw.random() < 0.5 else f"{int(4 * draw.random())}"
            gap = lambda text, often: "" if draw.random() < often else text
            name = '"' + cities[city].replace('"', '""') + '"' if not cities[city].isalpha() else cities[city]
            fields = [
                f"{price:.3f}",
                gap(f"{area:.2f}", 0.05),
                gap(str(rooms), 0.02),
                gap(name, 0.03),
                gap(built.isoformat(), 0.1),
                gap(str(garden).lower(), 0.02),
                heating,
                note,
                f"owner{int(90 * draw.random())}",
                f"{price * (0.01 + 0.002 * draw.random()):.4f}",
                sold,
            ]
            file.write(",".join(fields) + "\n")


def write_targets(path: Path, rows: int) -> None:
    """Three numbers, and three targets that follow from them."""
    draw = random.Random(23)
    with path.open("w") as file:
        file.write("a,b,c,u,v,w\n")
        for _ in range(rows):
            a, b, c = (draw.random() for _ in range(3))
            file.write(f"{a:.4f},{b:.4f},{c:.4f},{a * b:.4f},{b - c:.4f},{abs(a - 0.5) + c:.4f}\n")


def write_large(path: Path, rows: int, numbers: int, categories: int, levels: int) -> None:
    """`numbers` columns of numbers, the first of which is the target, and columns of categories."""
    draw = random.Random(22)
    names = [f"x{i}" for i in range(numbers - 1)]
    part = path.with_suffix(".unfinished")
    with part.open("w") as file:
        file.write(",".join(["y", *names, *(f"c{i}" for i in range(categories))]) + "\n")
        for _ in range(rows):
            x = [draw.random() for _ in names]
            c = [int(levels * draw.random()) for _ in range(categories)]
            y = x[0] - 2 * x[1] * x[2] + c[0] / levels
            file.write(",".join([f"{y:.6f}", *(f"{x:.6f}" for x in x), *(f"level{c}" for c in c)]) + "\n")
    part.rename(path)
