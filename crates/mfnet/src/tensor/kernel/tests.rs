//! Every path against the portable one and against chains and sums written down as such, over odd shapes and strides.

use super::few::few_with;
use super::*;

/// A panel, a right factor and a place for the product, with strides that no tensor has; NaN wherever nothing may be read.
fn product<T: Scalar>(
    instructions: Instructions,
    number: &impl Fn(usize) -> f64,
    [groups, depth, run, gap, first, columns]: [usize; 6],
    by_rows: bool,
    with_start: bool,
) -> Vec<f64> {
    let nan = T::from_f64(f64::NAN);
    let height = groups * T::GROUP;
    let panel: Vec<T> = (0..depth * height).map(|i| T::from_f64(number(i))).collect();
    let start: Vec<T> = (0..height).map(|i| T::from_f64(number(i + 5))).collect();
    let runs = depth.div_ceil(run);
    let last = depth - (runs - 1) * run;
    let end = first + columns;
    let mut right =
        Right { elements: &[], depth, run, run_step: 0, row_step: 1, column_step: 0, last_column_step: 0, next: 0 };
    if by_rows {
        right.row_step = end + gap;
        (right.column_step, right.last_column_step) = (1, 1);
        right.run_step = run * right.row_step;
    } else {
        (right.column_step, right.last_column_step) = (run + gap, last + gap);
        right.run_step = end * (run + gap);
    }
    let mut elements = vec![nan; right.reach(end).unwrap()];
    for k in 0..depth {
        for c in first..end {
            let place = k / run * right.run_step + k % run * right.row_step;
            let step = right.column_step(k / run == runs - 1);
            elements[place + c * step] = T::from_f64(number(3 * k + 7 * c + 1));
        }
    }
    right.elements = &elements;
    let left = Left { panel: &panel, height, start: with_start.then_some(&start) };
    let mut out = vec![nan; columns * height];
    let by: Vec<T> = (0..columns * height).map(|i| T::from_f64(number(i + 2))).collect();
    let finish = [Finish::Keep, Finish::Relu, Finish::WherePositive(&by)][depth % 3];
    strip_with(instructions, &left, &right, first..end, finish, &mut out);
    out.into_iter().map(T::to_f64).collect()
}

/// A path rounds at most 2 depth times, each time by at most ε/2 of a sum of at most depth + 1 terms.
fn every_path_over_odd_shapes<T: Scalar>(number: impl Fn(usize) -> f64, tolerance: f64) {
    for depth in [1, 2, 3, 31, 64, 65, 130] {
        for run in [1, 5, 32, 64, 1000] {
            for (first, columns) in [(0, 1), (3, 2), (1, 3), (0, 4), (2, 5), (0, 6), (5, 7), (0, 48), (4, 47)] {
                for groups in 1..=4 {
                    for (by_rows, with_start) in [(false, true), (true, false)] {
                        let shape = [groups, depth, run, depth % 3, first, columns];
                        let of = |instructions| product::<T>(instructions, &number, shape, by_rows, with_start);
                        let expected = of(Instructions::Portable);
                        assert!(expected.iter().all(|x| x.is_finite()), "{shape:?} reads what is no element");
                        for instructions in Instructions::all() {
                            for (x, y) in of(instructions).iter().zip(&expected) {
                                assert!(
                                    (x - y).abs() <= tolerance * (2 * depth * (depth + 1)) as f64,
                                    "{instructions:?} {shape:?} {x} {y}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn every_path_gives_the_same_for_whole_numbers() {
    let number = |i: usize| (i * 7 % 23) as f64 - 11.0;
    every_path_over_odd_shapes::<f32>(number, 0.0);
    every_path_over_odd_shapes::<f64>(number, 0.0);
}

#[test]
fn every_path_rounds_alike() {
    let number = |i: usize| (i as f64 * 0.7).sin();
    every_path_over_odd_shapes::<f32>(number, f64::from(f32::EPSILON));
    every_path_over_odd_shapes::<f64>(number, f64::EPSILON);
}

/// Against a chain of fused multiply-adds written down as such.
#[test]
fn an_element_is_one_chain_in_the_order_of_k() {
    let number = |i: usize| (i as f64 * 0.7).sin();
    // of fewer columns and less depth a strip is one part
    for (depth, columns) in [(99, 7), (199, 13)] {
        for (instructions, by_rows) in Instructions::all().flat_map(|i| [(i, false), (i, true)]) {
            if instructions == Instructions::Portable {
                continue;
            }
            let (run, height) = (if by_rows { 1000 } else { 32 }, 4 * f64::GROUP);
            let shape = [4, depth, run, 0, 0, columns];
            let out = product::<f64>(instructions, &number, shape, by_rows, true);
            for c in 0..columns {
                for i in 0..height {
                    let chain = |sum: f64, k: usize| number(k * height + i).mul_add(number(3 * k + 7 * c + 1), sum);
                    let mut sum = (0..depth).fold(number(i + 5), chain);
                    if depth % 3 == 1 {
                        sum = sum.max(0.0);
                    }
                    assert_eq!(out[c * height + i], sum, "{instructions:?} {shape:?}");
                }
            }
        }
    }
}

fn few_of_odd_shapes<T: Scalar>() {
    for (rows, left, right) in
        [(1, 1, 1), (7, 2, 3), (8, 3, 5), (17, 4, 4), (33, 5, 7), (64, 6, 8), (65, 10, 9), (200, 11, 6)]
    {
        let a = crate::Tensor::<T>::from_fn(rows, left, |i, j| T::from_f64(((i * 7 + j * 3) % 13) as f64 - 6.0));
        let mut b = crate::Tensor::<T>::from_fn(rows, right, |i, j| T::from_f64(((i * 5 + j * 11) % 9) as f64 - 4.0));
        let numbers = b.clone();
        let expected =
            |i, j| (0..rows).map(|k| a[(k, i)] * numbers[(k, j)]).fold(T::from_f64(i as f64), |sum, x| sum + x);
        // the rows that fill up a panel may hold anything
        let last = rows / T::PANEL * T::PANEL * right;
        let height = b.storage()[last..].len() / right;
        for (k, x) in b.storage_mut()[last..].iter_mut().enumerate() {
            if k % height >= rows % T::PANEL {
                *x = T::from_f64(f64::NAN);
            }
        }
        let start: Vec<T> = (0..left).map(|i| T::from_f64(i as f64)).collect();
        let (left_columns, right_columns) = (left, right);
        let few = Few { left: a.storage(), left_columns, right: b.storage(), right_columns, rows, start: &start };
        for instructions in Instructions::all() {
            for columns in [0..right, 1..right, right..right] {
                let height = left + 2;
                let mut out = vec![T::ONE; columns.len() * height];
                few_with(instructions, &few, columns.clone(), height, &mut out);
                for (j, out) in columns.zip(out.chunks(height)) {
                    assert!((0..left).all(|i| out[i] == expected(i, j)), "{instructions:?} {rows} {left} {right}");
                    assert_eq!(out[left..], [T::ONE; 2], "nothing beyond the product is written");
                }
            }
        }
    }
}

#[test]
fn every_path_gives_the_same_for_few_columns() {
    few_of_odd_shapes::<f32>();
    few_of_odd_shapes::<f64>();
}

fn transposes_of_odd_shapes<T: Scalar>() {
    for (rows, columns) in [(0, 3), (1, 1), (4, 4), (8, 8), (7, 9), (16, 5), (64, 64), (33, 17)] {
        let (from_step, to_step) = (rows + 3, columns + 1);
        let from: Vec<T> = (0..columns * from_step).map(|i| T::from_f64(i as f64)).collect();
        let mut to = vec![T::ZERO; rows * to_step];
        transpose((&from, from_step), (&mut to, to_step), rows, columns);
        for r in 0..rows {
            for c in 0..to_step {
                let expected = if c < columns { from[c * from_step + r] } else { T::ZERO };
                assert_eq!(to[r * to_step + c], expected, "{rows}×{columns}");
            }
        }
    }
}

#[test]
fn transposes() {
    transposes_of_odd_shapes::<f32>();
    transposes_of_odd_shapes::<f64>();
}

#[test]
fn sums_are_finished() {
    let left = Left { panel: &[1.0; 8], height: 8, start: None };
    let numbers = [-1.0, -0.0, 0.0, 2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let masks = numbers.map(|x| [x; 8]);
    for instructions in Instructions::all() {
        for x in numbers {
            let of = |finish: Finish<'_, f64>| {
                let mut out = [5.0f64; 8];
                strip_with(instructions, &left, &Right::constant(&x, 1), 0..1, finish, &mut out);
                out
            };
            let same = |found: [f64; 8], expected: f64| {
                assert!(found.iter().all(|y| *y == expected || y.is_nan() && expected.is_nan()), "{x} {found:?}");
            };
            same(of(Finish::Keep), x);
            same(of(Finish::Relu), if x < 0.0 { 0.0 } else { x });
            // 5 is what was there
            same(of(Finish::Descend { eta: 0.1, lambda: 0.3 }), 5.0 - 0.1 * (x + 0.3 * 5.0));
            for by in &masks {
                same(of(Finish::WherePositive(by)), if by[0] > 0.0 { x } else { 0.0 });
            }
        }
    }
}

/// What a computation that is refused says.
fn refusal(computation: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let message = std::panic::catch_unwind(computation).unwrap_err();
    message.downcast_ref::<&str>().copied().unwrap_or_default().to_owned()
}

/// A right factor of one run, a column `step` after the other.
fn of_columns(elements: &[f64], depth: usize, step: usize) -> Right<'_, f64> {
    Right {
        elements,
        depth,
        run: usize::MAX,
        run_step: 0,
        row_step: 1,
        column_step: step,
        last_column_step: step,
        next: 0,
    }
}

/// Also those that would be long enough if products of lengths were counted modulo 2⁶⁴.
#[test]
fn short_slices_are_refused() {
    let refused = |depth, step, end, masks: usize| {
        refusal(move || {
            let left = Left { panel: &[0.0; 24], height: 8, start: None };
            let finish = Finish::WherePositive(&[1.0; 24][..masks]);
            strip(&left, &of_columns(&[1.0; 8], depth, step), 0..end, finish, &mut [0.0; 24]);
        })
    };
    assert_eq!(refused(4, 1, 3, 24), "the left factor is too short");
    assert_eq!(refused(1 << 61, 1, 3, 24), "the left factor is too short");
    assert_eq!(refused(3, 3, 3, 24), "the right factor is too short");
    assert_eq!(refused(3, 1 << 63, 3, 24), "the right factor is too short");
    assert_eq!(refused(3, usize::MAX, 2, 24), "the right factor is too short");
    assert_eq!(refused(3, 1, 4, 24), "the result is too short");
    assert_eq!(refused(3, 0, 1 << 61, 24), "the result is too short");
    assert_eq!(refused(3, 1, 3, 23), "the mask is too short");
}

#[test]
fn short_slices_of_few_columns_are_refused() {
    let refused = |rows, left_columns, right_columns, columns: Range<usize>, height| {
        refusal(move || {
            let numbers = [1.0; 8];
            let few = Few { left: &numbers, left_columns, right: &numbers, right_columns, rows, start: &numbers };
            super::few(&few, columns, height, &mut [0.0; 4]);
        })
    };
    assert_eq!(refused(8, 2, 1, 0..1, 2), "the left factor is too short");
    assert_eq!(refused(1 << 63, 2, 1, 0..1, 2), "the left factor is too short");
    assert_eq!(refused(usize::MAX, 1, 1, 0..1, 1), "the left factor is too short");
    assert_eq!(refused(8, 1, 1 << 61, 0..1, 1), "the right factor is too short");
    assert_eq!(refused(8, 1, 1, 0..2, 1), "columns of the right factor");
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = refused(8, 1, 1, 3..1, 1);
    assert_eq!(reversed, "columns of the right factor");
    assert_eq!(refused(0, 1, 1 << 62, 0..1 << 62, 4), "the result is too short");
}

#[test]
fn short_transposes_are_refused() {
    let refused = |from_step, to_step, rows, columns| {
        refusal(move || transpose((&[1.0; 8], from_step), (&mut [0.0; 8], to_step), rows, columns))
    };
    assert_eq!(refused(4, 2, 4, 3), "the matrix is too short");
    assert_eq!(refused(1 << 63, 2, 2, 3), "the matrix is too short");
    assert_eq!(refused(2, 1 << 63, 3, 2), "the transpose is too short");
    assert_eq!(refused(usize::MAX, 2, 2, 2), "the matrix is too short");
}
