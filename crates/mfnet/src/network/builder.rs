use super::NeuralNetwork;
use crate::error::{Error, Result};
use crate::init::Init;
use crate::layer::{
    Activation, ActivationName, AnyLayer, BatchNormSettings, Dropout, Layer, LayerNormSettings, LayerSpec, Linear,
    Noise, Residual,
};
use crate::random::{Purpose, Seed};
use crate::tensor::Scalar;

/// Describes a network layer by layer; [`Builder::build`] draws its initial weights.
///
/// ```
/// use mfnet::{NeuralNetwork, Seed};
/// let net = NeuralNetwork::builder(64)
///     .dtype::<f32>()
///     .linear(32)
///     .batch_norm()
///     .relu()
///     .dropout(0.1)
///     .linear(10)
///     .build(Seed(0))?;
/// assert_eq!((net.inputs(), net.outputs()), (64, 10));
/// # Ok::<(), mfnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder<T: Scalar = f64> {
    features: usize,
    layers: Vec<Planned<T>>,
    init: Option<Init>,
}

/// A layer that is not yet built.
#[derive(Clone, Debug)]
enum Planned<T: Scalar> {
    Spec(LayerSpec),
    Residual(Vec<Planned<T>>),
    Ready(AnyLayer<T>),
    /// The name of a custom layer or activation of another type.
    OfAnotherType(String),
}

impl<T: Scalar> Builder<T> {
    pub(super) fn new(features: usize) -> Self {
        Builder { features, layers: Vec::new(), init: None }
    }

    /// Sets the type of all numbers: `.dtype::<f32>()`. Call it before adding custom layers and
    /// activations, which have one type; [`Builder::build`] rejects those that were added earlier.
    pub fn dtype<U: Scalar>(self) -> Builder<U> {
        let layers = self.layers.into_iter().map(Planned::convert).collect();
        Builder { features: self.features, layers, init: self.init }
    }

    /// Adds a linear layer with this number of outputs.
    pub fn linear(self, outputs: usize) -> Self {
        self.spec(LayerSpec::Linear { inputs: None, outputs })
    }

    /// Adds an activation.
    pub fn activation(mut self, activation: Activation<T>) -> Self {
        self.layers.push(Planned::Ready(activation.into()));
        self
    }

    /// Adds ReLU: max(0, z).
    pub fn relu(self) -> Self {
        self.activation(Activation::Relu)
    }

    /// Adds the sigmoid function: 1/(1 + e⁻ᶻ).
    pub fn sigmoid(self) -> Self {
        self.activation(Activation::Sigmoid)
    }

    /// Adds the hyperbolic tangent: tanh z.
    pub fn tanh(self) -> Self {
        self.activation(Activation::Tanh)
    }

    /// Adds [`Dropout`](crate::layer::Dropout) with probability `p`.
    pub fn dropout(self, p: f64) -> Self {
        self.spec(LayerSpec::Dropout(Dropout::unchecked(p)))
    }

    /// Adds [`Noise`](crate::layer::Noise) with this standard deviation.
    pub fn noise(self, std: f64) -> Self {
        self.spec(LayerSpec::Noise(Noise::unchecked(std)))
    }

    /// Adds a [`BatchNorm`](crate::layer::BatchNorm) with PyTorch's defaults.
    pub fn batch_norm(self) -> Self {
        self.spec(LayerSpec::BatchNorm(BatchNormSettings::default()))
    }

    /// Adds a [`LayerNorm`](crate::layer::LayerNorm) with PyTorch's defaults.
    pub fn layer_norm(self) -> Self {
        self.spec(LayerSpec::LayerNorm(LayerNormSettings::default()))
    }

    /// Adds any built-in layer, described as in a recipe or a model file.
    ///
    /// ```
    /// use mfnet::layer::{LayerSpec, PreluSettings};
    /// use mfnet::{NeuralNetwork, Seed};
    /// let prelu = LayerSpec::Prelu(PreluSettings::default());
    /// let net = NeuralNetwork::builder(4).linear(8).spec(prelu).linear(3).build(Seed(0))?;
    /// assert_eq!(net.parameter_count(), 8 * 5 + 8 + 3 * 9);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    pub fn spec(mut self, layer: LayerSpec) -> Self {
        self.layers.push(Planned::of(layer));
        self
    }

    /// Adds a residual block, A + f(A), around the layers that `f` adds; see [`Residual`].
    pub fn residual(mut self, f: impl FnOnce(Builder<T>) -> Builder<T>) -> Self {
        self.layers.push(Planned::Residual(f(Builder::new(0)).layers));
        self
    }

    /// Adds a custom layer.
    pub fn layer(mut self, layer: impl Layer<T> + 'static) -> Self {
        self.layers.push(Planned::Ready(AnyLayer::Custom(Box::new(layer))));
        self
    }

    /// Sets the initialisation of all linear layers. The default depends on the activation that
    /// follows, see [`Init`]; without one it is Glorot.
    pub fn init(mut self, init: Init) -> Self {
        self.init = Some(init);
        self
    }

    /// Builds the network and draws its weights, each layer from its own random stream of `seed`;
    /// biases are zero.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for a layer with 0
    /// outputs, 0 input features, a network too large for the memory, or a custom layer of another
    /// type. [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if layers do not fit together.
    pub fn build(self, seed: Seed) -> Result<NeuralNetwork<T>> {
        if self.features == 0 {
            return Err(Error::invalid("features", "at least 1", 0));
        }
        self.check_size()?;
        let mut drawing = Drawing { init: self.init, seed, leaf: 0 };
        let (layers, _) = drawing.layers(self.layers, self.features)?;
        NeuralNetwork::from_layers(self.features, layers)
    }

    /// Returns an error if memory cannot hold the weights, their gradients and two more matrices of
    /// the optimizer.
    fn check_size(&self) -> Result<()> {
        let mut inputs = self.features as u128;
        let parameters: u128 = self.layers.iter().map(|layer| layer.parameters(&mut inputs)).sum();
        let elements = usize::try_from(parameters.saturating_mul(4)).unwrap_or(usize::MAX);
        Vec::<T>::new().try_reserve_exact(elements).map_err(|_| {
            Error::invalid("network size", "a network that fits into memory", format!("{parameters} parameters"))
        })
    }
}

impl<T: Scalar> Planned<T> {
    fn of(spec: LayerSpec) -> Self {
        match spec {
            LayerSpec::Residual { layers } => Planned::Residual(layers.into_iter().map(Planned::of).collect()),
            other => Planned::Spec(other),
        }
    }

    fn convert<U: Scalar>(self) -> Planned<U> {
        match self {
            Planned::Spec(spec) => Planned::Spec(spec),
            Planned::Residual(layers) => Planned::Residual(layers.into_iter().map(Planned::convert).collect()),
            Planned::Ready(AnyLayer::Activation(a)) if !matches!(a, Activation::Custom(_)) => {
                let built_in = Activation::from_label(a.label()).map(|a| Planned::Ready(a.into()));
                built_in.unwrap_or_else(|| Planned::OfAnotherType(a.label().to_owned()))
            }
            Planned::Ready(own) => Planned::OfAnotherType(own.name()),
            Planned::OfAnotherType(name) => Planned::OfAnotherType(name),
        }
    }

    /// The initialisation of a linear layer before these layers: that of the next activation, if
    /// only element-wise layers come before it.
    fn init_before(layers: &[Self]) -> Init {
        let passes = |layer: &&Self| matches!(layer, Planned::Spec(spec) if spec.keeps_features());
        match layers.iter().find(|layer| !passes(layer)) {
            Some(Planned::Ready(AnyLayer::Activation(g))) => g.init(),
            Some(Planned::Spec(LayerSpec::Activation { function })) => {
                Activation::<T>::from_label(function).map_or(Init::Glorot, |g| g.init())
            }
            Some(Planned::Spec(LayerSpec::Parametric(parametric))) => Activation::<T>::from(parametric.function).init(),
            Some(Planned::Spec(LayerSpec::Prelu(_))) => Init::He,
            _ => Init::Glorot,
        }
    }

    /// Number of parameters of the linear layers for this many inputs; `inputs` becomes the number
    /// of outputs.
    fn parameters(&self, inputs: &mut u128) -> u128 {
        match self {
            Planned::Spec(LayerSpec::Linear { outputs, .. }) => {
                let parameters = (*outputs as u128).saturating_mul(*inputs + 1);
                *inputs = *outputs as u128;
                parameters
            }
            Planned::Residual(layers) => layers.iter().map(|layer| layer.parameters(inputs)).sum(),
            Planned::Spec(other) => other.tensor().map_or(0, |(_, [rows, columns])| rows as u128 * columns as u128),
            Planned::Ready(_) | Planned::OfAnotherType(_) => 0,
        }
    }
}

/// Draws the weights layer by layer.
struct Drawing {
    init: Option<Init>,
    seed: Seed,
    /// Index of the next leaf.
    leaf: usize,
}

impl Drawing {
    /// Builds the layers; also returns the number of features of the last output.
    fn layers<T: Scalar>(&mut self, layers: Vec<Planned<T>>, mut features: usize) -> Result<(Vec<AnyLayer<T>>, usize)> {
        let by_what_follows: Vec<Init> = (1..=layers.len()).map(|next| Planned::init_before(&layers[next..])).collect();
        let mut built = Vec::new();
        for (planned, by_what_follows) in layers.into_iter().zip(by_what_follows) {
            let layer = match planned {
                Planned::Spec(spec) => self.layer(&spec, features, by_what_follows)?,
                Planned::Residual(layers) => {
                    let (layers, _) = self.layers(layers, features)?;
                    self.leaf -= 1;
                    Residual::new(layers)?.into()
                }
                Planned::Ready(layer) => layer,
                Planned::OfAnotherType(name) => {
                    let expected = "to be called before layers and activations of your own are added";
                    return Err(Error::invalid("dtype", expected, format!("{name} before it")));
                }
            };
            self.leaf += 1;
            features = layer.output_features(features)?;
            built.push(layer);
        }
        Ok((built, features))
    }

    /// Builds a built-in layer and draws its weights.
    fn layer<T: Scalar>(&self, spec: &LayerSpec, features: usize, by_what_follows: Init) -> Result<AnyLayer<T>> {
        let mut rng = self.seed.stream(Purpose::Initialisation { layer: self.leaf });
        match spec {
            LayerSpec::Linear { outputs: 0, .. } => Err(Error::invalid("outputs of a layer", "at least 1", 0)),
            LayerSpec::Linear { inputs: Some(inputs), .. } if *inputs != features => {
                Err(Error::shape("linear", format!("{inputs} input features"), features))
            }
            LayerSpec::Linear { outputs, .. } => {
                let init = self.init.unwrap_or(by_what_follows);
                Ok(Linear::new(init.draw(features, *outputs, &mut rng))?.into())
            }
            LayerSpec::Activation { function } => match function.parse::<ActivationName>() {
                Ok(name) => Ok(Activation::from(name).into()),
                Err(problem) => Err(Error::recipe(format!("activation: {problem}"))),
            },
            other => {
                let own = || Err(Error::invalid("layer", "one of mfnet's", format!("{other:?}")));
                let mut layer = other.start(features).unwrap_or_else(own)?;
                if let AnyLayer::Embedding(embedding) = &mut layer {
                    embedding.draw(&mut rng);
                }
                Ok(layer)
            }
        }
    }
}
