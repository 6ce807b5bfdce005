//! How fast a table is read, on one core: bytes of text a second, up to the columns and up to the numbers of a data set: `cargo bench -p mfnet --bench reading`.
#![allow(clippy::unwrap_used)]

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use mfnet::random::Purpose;
use mfnet::{Dataset, Seed, Table, Target};

fn main() {
    divan::main();
}

const ROWS: usize = 100_000;

/// Twenty columns of numbers with six decimals.
fn numbers() -> String {
    let mut rng = Seed(1).stream(Purpose::Split);
    let header: Vec<String> = (0..20).map(|i| format!("c{i}")).collect();
    let row = |_| (0..20).map(|_| format!("{:.6}", 2.0 * rng.uniform() - 1.0)).collect::<Vec<_>>().join(",") + "\n";
    format!("{}\n{}", header.join(","), (0..ROWS).map(row).collect::<String>())
}

/// Numbers, categories, dates, and a name for each row.
fn mixed() -> String {
    let mut rng = Seed(1).stream(Purpose::Split);
    let mut row = |i: usize| {
        let (place, day, x) = (rng.below(12) as usize, rng.below(28) as usize, 1000.0 * rng.uniform());
        format!("customer {i},place {place},{},2024-{:02}-{:02},{x:.2},{}\n", day % 4, 1 + place % 12, 1 + day, i % 3)
    };
    format!("name,place,rooms,date,price,kind\n{}", (0..2 * ROWS).map(&mut row).collect::<String>())
}

#[divan::bench(args = ["numbers", "mixed"], sample_count = 10)]
fn columns(bencher: Bencher<'_, '_>, table: &str) {
    let text = if table == "mixed" { mixed() } else { numbers() };
    bencher.counter(BytesCount::of_str(text.as_str())).bench(|| Table::from_text("t", black_box(&text)).unwrap());
}

#[divan::bench(args = ["numbers", "mixed"], sample_count = 10)]
fn data_set(bencher: Bencher<'_, '_>, table: &str) {
    let text = if table == "mixed" { mixed() } else { numbers() };
    let target = Target::values([if table == "mixed" { "price" } else { "c19" }]);
    bencher
        .counter(BytesCount::of_str(text.as_str()))
        .bench(|| Dataset::from_table(&Table::from_text("t", black_box(&text)).unwrap(), &target).unwrap());
}
