//! The macros that make functions of the rows of the table `activations!`.

/// What a row of the table says of its function, for [`activations`]. A row gives g and its
/// derivative in one of two ways:
///
/// ```text
/// (g: |z| a, from Output: |d, a| d g′)     g′(z) follows from a = g(z), which is kept anyway
/// (g, derivative: |z| (a, g′))             both from z, in one go; where only a is used, the compiler leaves g′ out
/// ```
macro_rules! row {
    (keeps (g: $($rest:tt)*)) => {
        Keeps::Output
    };
    (keeps (g, $($rest:tt)*)) => {
        Keeps::Derivative
    };
    (g (g: |$z:ident| $g:expr, $($rest:tt)*), $at:expr) => {{
        let $z = $at;
        $g
    }};
    (g (g, derivative: |$z:ident| $pair:expr), $at:expr) => {{
        let $z = $at;
        $pair.0
    }};
    // (a, g′)
    (pair (g: |$z:ident| $g:expr, from Output: |$d:ident, $a:ident| $backward:expr), $at:expr) => {{
        let $z = $at;
        let ($d, $a) = (T::ONE, $g);
        ($a, $backward)
    }};
    (pair (g, derivative: |$z:ident| $pair:expr), $at:expr) => {{
        let $z = $at;
        $pair
    }};
    // ∂J/∂a g′, from what is kept
    (times (g: |$z:ident| $g:expr, from Output: |$d:ident, $a:ident| $backward:expr), $dj_da:expr, $kept:expr) => {{
        let ($d, $a) = ($dj_da, $kept);
        $backward
    }};
    (times (g, $($rest:tt)*), $dj_da:expr, $kept:expr) => {
        $dj_da * $kept
    };
    // the same, from z
    (times_at (g: |$z:ident| $g:expr, from Output: |$d:ident, $a:ident| $backward:expr), $dj_da:expr, $at:expr) => {{
        let $z = $at;
        let ($d, $a) = ($dj_da, $g);
        $backward
    }};
    (times_at (g, derivative: |$z:ident| $pair:expr), $dj_da:expr, $at:expr) => {{
        let $z = $at;
        $dj_da * $pair.1
    }};
}

/// Defines [`Activation`] and [`ActivationName`] from a table with a row for each function without
/// parameters.
macro_rules! activations {
    ($($(#[$doc:meta])* $variant:ident { $label:literal, $row:tt, init: $init:ident, torch: $torch:literal,
        onnx: $onnx:literal })*) => {
        /// An activation function, applied to every element.
        ///
        /// ```text
        /// forward    A     = g(Z)                    the paper, equation 7
        /// backward   ∂J/∂Z = ∂J/∂A ⊙ g′(Z)           the paper, equation 8
        /// ```
        ///
        /// All matrices have shape (features, samples). They do not contain the bias feature, to
        /// which the paper does not apply g.
        ///
        /// ```
        /// use mfnet::Activation;
        /// assert_eq!((Activation::Relu.apply(-2.0), Activation::Relu.apply(3.0)), (0.0, 3.0));
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Activation<T: Scalar = f64> {
            $($(#[$doc])* $variant,)*
            /// A custom function g with its derivative g′.
            Custom(CustomActivation<T>),
        }

        words! {
            /// The name of a built-in [`Activation`].
            ActivationName { $($(#[$doc])* $variant = $label,)* }
        }

        impl<T: Scalar> From<ActivationName> for Activation<T> {
            fn from(name: ActivationName) -> Self {
                match name { $(ActivationName::$variant => Activation::$variant,)* }
            }
        }

        impl<T: Scalar> Activation<T> {
            /// The name that the command line and model files use.
            pub fn label(&self) -> &str {
                match self {
                    $(Activation::$variant => $label,)*
                    Activation::Custom(custom) => &custom.name,
                }
            }

            /// The activation with this label; `None` if it is unknown.
            pub fn from_label(label: &str) -> Option<Self> {
                label.parse().ok().map(|name: ActivationName| name.into())
            }

            /// The equivalent module of `torch.nn`; `None` for a custom activation.
            pub fn torch(&self) -> Option<&'static str> {
                match self {
                    $(Activation::$variant => Some($torch),)*
                    Activation::Custom(_) => None,
                }
            }

            /// The equivalent operator of ONNX, with its attributes if they differ from the
            /// operator's defaults; `None` for a custom activation.
            pub fn onnx(&self) -> Option<&'static str> {
                match self {
                    $(Activation::$variant => Some($onnx),)*
                    Activation::Custom(_) => None,
                }
            }

            /// The default initialisation of a linear layer before this activation.
            pub(crate) fn init(&self) -> Init {
                match self {
                    $(Activation::$variant => Init::$init,)*
                    Activation::Custom(_) => Init::Glorot,
                }
            }

            /// g(z). NaN stays NaN.
            pub fn apply(&self, z: T) -> T {
                match self {
                    $(Activation::$variant => row!(g $row, z),)*
                    Activation::Custom(custom) => (custom.g)(z),
                }
            }

            /// What the backward pass needs from the forward pass.
            pub(crate) fn keeps(&self) -> Keeps {
                match self {
                    $(Activation::$variant => row!(keeps $row),)*
                    Activation::Custom(_) => Keeps::Derivative,
                }
            }

            /// a ← g(a).
            #[inline(never)]
            pub(crate) fn apply_all(&self, a: &mut [T]) {
                with_vectors(ApplyAll(self, a));
            }

            /// a ← g(a), and writes g′ of the old a.
            #[inline(never)]
            pub(crate) fn apply_all_with_derivative(&self, a: &mut [T], derivative: &mut [T]) {
                with_vectors(ApplyAllWithDerivative(self, a, derivative));
            }

            /// Multiplies ∂J/∂a by g′, which gives ∂J/∂z; `kept` is a or g′, as
            /// [`Activation::keeps`] says.
            #[inline(never)]
            pub(crate) fn times_derivative(&self, kept: &[T], dj_da: &mut [T]) {
                with_vectors(TimesDerivative(self, kept, dj_da));
            }

            /// Multiplies ∂J/∂a by g′(z), which gives ∂J/∂z.
            #[inline(never)]
            pub(crate) fn times_derivative_at(&self, z: &[T], dj_da: &mut [T]) {
                with_vectors(TimesDerivativeAt(self, z, dj_da));
            }
        }

        impl<T: Scalar> Body for ApplyAll<'_, T> {
            type Output = ();
            #[inline(always)]
            #[allow(clippy::almost_swapped)] // z ← z
            fn run(self) {
                let ApplyAll(g, all) = self;
                match g {
                    $(Activation::$variant => for a in all { *a = row!(g $row, *a); },)*
                    Activation::Custom(custom) => for a in all { *a = (custom.g)(*a); },
                }
            }
        }

        impl<T: Scalar> Body for ApplyAllWithDerivative<'_, T> {
            type Output = ();
            #[inline(always)]
            fn run(self) {
                let ApplyAllWithDerivative(g, a, derivative) = self;
                let all = a.iter_mut().zip(derivative);
                match g {
                    $(Activation::$variant => for (a, derivative) in all { (*a, *derivative) = row!(pair $row, *a); },)*
                    Activation::Custom(custom) => for (a, derivative) in all {
                        (*a, *derivative) = ((custom.g)(*a), (custom.derivative)(*a));
                    },
                }
            }
        }

        impl<T: Scalar> Body for TimesDerivative<'_, T> {
            type Output = ();
            #[inline(always)]
            #[allow(clippy::assign_op_pattern)] // d ← d g′
            fn run(self) {
                let TimesDerivative(g, kept, dj_da) = self;
                let all = dj_da.iter_mut().zip(kept);
                match g {
                    $(Activation::$variant => for (d, kept) in all { *d = row!(times $row, *d, *kept); },)*
                    Activation::Custom(_) => for (d, kept) in all { *d *= *kept; },
                }
            }
        }

        impl<T: Scalar> Body for TimesDerivativeAt<'_, T> {
            type Output = ();
            #[inline(always)]
            fn run(self) {
                let TimesDerivativeAt(g, z, dj_da) = self;
                let all = dj_da.iter_mut().zip(z);
                match g {
                    $(Activation::$variant => for (d, z) in all { *d = row!(times_at $row, *d, *z); },)*
                    Activation::Custom(custom) => for (d, z) in all { *d *= (custom.derivative)(*z); },
                }
            }
        }
    };
}
