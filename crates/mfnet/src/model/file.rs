use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::Range;
use std::path::Path;

use mfnet_table::FileForm;
use safetensors::SafeTensors;

use super::network::either;
use super::spec::{Metadata, ModelSpec, OF_NUMBERS, VERSION, build_all, prefix};
use super::{AnyNetwork, Model, Registry};
use crate::data::Target;
use crate::error::{Error, ModelProblem, Result};
use crate::layer::{AnyLayer, COUNT};
use crate::network::NeuralNetwork;
use crate::optimizer::ParameterKind;
use crate::stored::{Stored, check_type, find, not_written, serialized, type_of, write_whole};
use crate::tensor::{Dtype, Scalar, Tensor};

/// The only key of the file's metadata.
const KEY: &str = "mfnet";

impl Model {
    /// Writes the model file: a safetensors file, which PyTorch can load as the `state_dict` of an
    /// `nn.Sequential`; the tensors of further networks of an ensemble have names such as
    /// `network1.0.weight`. It is written beside its place, flushed to disk and renamed, so that the
    /// file is complete or absent.
    ///
    /// # Errors
    /// [`ErrorKind::NotStorable`](crate::error::ErrorKind::NotStorable) for a custom layer without
    /// a stored form ([`crate::layer::Layer::stored`]).
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) for a custom activation
    /// with the name of a built-in one. [`ErrorKind::Io`](crate::error::ErrorKind::Io) if the file
    /// cannot be written; an old file is then unchanged.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_whole(path, &self.bytes(path)?).map_err(Error::io(path, "write"))
    }

    /// Returns the bytes of the model file.
    ///
    /// # Errors
    /// As [`Model::save`], except for the file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.bytes("the model".as_ref())
    }

    /// The bytes of the file; errors call it `path`.
    fn bytes(&self, path: &Path) -> Result<Vec<u8>> {
        let (spec, tensors) = (self.spec()?, all_tensors(&self.networks));
        let (version, training) = (spec.version(), self.training.clone());
        let mut metadata = Metadata { version, spec, training, sha256: String::new() };
        let of_json = |error| not_written(path, error);
        metadata.sha256 = metadata.digest(contents(&tensors)).map_err(of_json)?;
        let json = serde_json::to_string(&metadata).map_err(of_json)?;
        serialized(path, &tensors, Some(HashMap::from([(KEY.to_owned(), json)])))
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) if it cannot be read.
    /// [`ErrorKind::ModelFile`](crate::error::ErrorKind::ModelFile) if it is truncated or altered,
    /// comes from another program or format version, or if a tensor is missing, has the wrong shape
    /// or type, or contains a number that is not finite.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path, &Registry::new())
    }

    /// Reads a model file that may name custom layers, activations and losses.
    ///
    /// # Errors
    /// As [`Model::load`], and [`ModelProblem::NotRegistered`] for a layer or activation that is
    /// not in the registry.
    pub fn load_with(path: impl AsRef<Path>, registry: &Registry) -> Result<Self> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(Error::io(path, "read"))?;
        Self::parse(&bytes, registry).map_err(|problem| Error::model(path, problem))
    }

    /// Reads a model file in memory, for example from `include_bytes!`. Errors call it `name`.
    ///
    /// # Errors
    /// [`ErrorKind::ModelFile`](crate::error::ErrorKind::ModelFile) as for [`Model::load`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self> {
        Self::parse(bytes, &Registry::new()).map_err(|problem| Error::model(name.as_ref(), problem))
    }

    fn parse(bytes: &[u8], registry: &Registry) -> std::result::Result<Self, ModelProblem> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| ModelProblem::NotSafetensors(error.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| ModelProblem::NotSafetensors(e.to_string()))?;
        let json = header.metadata().as_ref().and_then(|metadata| metadata.get(KEY)).ok_or(ModelProblem::NoMetadata)?;
        let of_json = |error: serde_json::Error| ModelProblem::Metadata(error.to_string());
        // check the version first, because other versions may have other fields
        let value: serde_json::Value = serde_json::from_str(json).map_err(of_json)?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(found) if (u64::from(OF_NUMBERS)..=u64::from(VERSION)).contains(&found) => {}
            Some(found) => return Err(ModelProblem::Version(VERSION, found)),
            None => return Err(ModelProblem::Metadata("it has no format version".to_owned())),
        }
        let metadata: Metadata = serde_json::from_value(value).map_err(of_json)?;
        let networks: Vec<AnyNetwork> = match metadata.spec.dtype {
            Dtype::F64 => networks::<f64>(&metadata.spec, &file, registry)?.into_iter().map(Into::into).collect(),
            Dtype::F32 => networks::<f32>(&metadata.spec, &file, registry)?.into_iter().map(Into::into).collect(),
        };
        let tensors = all_tensors(&networks);
        if metadata.digest(contents(&tensors)).map_err(of_json)? != metadata.sha256 {
            return Err(ModelProblem::Altered);
        }
        let Metadata { spec, training, .. } = metadata;
        let ModelSpec { features, preprocessing, target, intervals, temperature, operating_point, .. } = spec;
        let (counted, numbers, form) = (spec.counted, spec.numbers, spec.form);
        let form = FileForm { counted, numbers, ..form };
        let registry = registry.clone();
        let uncalibrated = Model::uncalibrated((features, target, form), preprocessing, networks);
        let model = Model { intervals, temperature, operating_point, registry, training, ..uncalibrated };
        if !model.preprocessing.is_usable() {
            return Err(ModelProblem::Inconsistent("the preprocessing has a scale that cannot be".to_owned()));
        }
        let targets = if let Target::Values { columns } = &model.target { columns.len() } else { 0 };
        if model.intervals.as_ref().is_some_and(|intervals| !intervals.is_usable(targets)) {
            return Err(ModelProblem::Inconsistent("the intervals have errors that cannot be".to_owned()));
        }
        if !model.has_usable_temperature() || !model.has_usable_operating_point() {
            return Err(ModelProblem::Inconsistent("the temperature or the threshold cannot be".to_owned()));
        }
        match model.inconsistency() {
            Some((expected, found)) => Err(ModelProblem::Inconsistent(format!("expected {expected}, found {found}"))),
            None => Ok(model),
        }
    }
}

impl<T: Scalar> NeuralNetwork<T> {
    /// Writes only the weights, named as in a model file; use it for custom layers without a stored
    /// form. Parameters and buffers of such a layer at index i are called `i.NAME`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) if the file cannot be written.
    pub fn save_weights(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_whole(path, &serialized(path, &tensors_of(self, ""), None)?).map_err(Error::io(path, "write"))
    }

    /// Reads the weights of a weights file or a model file into a network with the same layers.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) if the file cannot be read,
    /// [`ErrorKind::ModelFile`](crate::error::ErrorKind::ModelFile) if it does not fit; the network
    /// is then unchanged.
    pub fn load_weights(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(Error::io(path, "read"))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| ModelProblem::NotSafetensors(error.to_string()));
        let matrices = file.and_then(|file| {
            let (matrices, names) = read_matrices(self.layers(), "", &file)?;
            check_names(&file, &names).map(|()| matrices)
        });
        self.set_state(matrices.map_err(|problem| Error::model(path, problem))?);
        Ok(())
    }

    /// Sets parameters and buffers, in their order.
    fn set_state(&mut self, matrices: Vec<Tensor<T>>) {
        let mut matrices = matrices.into_iter();
        self.visit_state_mut(&mut |matrix| matrices.next().into_iter().for_each(|read| *matrix = read));
    }
}

/// A tensor of a file: some columns of a matrix of the network.
struct Piece {
    name: String,
    shape: Vec<usize>,
    columns: Range<usize>,
    /// Whether the file stores it as a 64-bit integer.
    is_count: bool,
}

/// Calls `visit` with every parameter and buffer, in the order of [`NeuralNetwork::visit_state`],
/// and with its tensors in PyTorch's names and layout. Names of layer 2 begin with `2.`, those in a
/// block with `1.f.0.`; `[b | W]` is stored as a weight and a bias.
fn for_each_matrix<T: Scalar>(layers: &[AnyLayer<T>], before: &str, visit: &mut dyn FnMut(&Tensor<T>, Vec<Piece>)) {
    for (index, layer) in layers.iter().enumerate() {
        for_each_matrix(layer.children(), &format!("{before}{index}.f."), visit);
        let Some(leaf) = layer.as_layer() else { continue };
        let piece = |name: &str, shape: &[usize], columns| Piece {
            name: format!("{before}{index}.{name}"),
            shape: shape.to_vec(),
            columns,
            is_count: false,
        };
        let mut matrix = |name: &str, matrix: &Tensor<T>, is_vector: bool| {
            let (rows, columns) = matrix.shape();
            let pieces = match layer {
                AnyLayer::Linear(_) => {
                    vec![piece("weight", &[rows, columns - 1], 1..columns), piece("bias", &[rows], 0..1)]
                }
                AnyLayer::Custom(_) => vec![piece(name, &[rows, columns], 0..columns)],
                _ if name == COUNT => vec![Piece { is_count: true, ..piece(name, &[], 0..1) }],
                _ if is_vector => vec![piece(name, &[rows], 0..1)],
                _ => vec![piece(name, &[rows, columns], 0..columns)],
            };
            visit(matrix, pieces);
        };
        let is_vector = |kind| matches!(kind, ParameterKind::Scales | ParameterKind::Biases);
        leaf.parameters(&mut |name, parameter| matrix(name, &parameter.value, is_vector(parameter.kind)));
        leaf.buffers(&mut |name, buffer| matrix(name, buffer, true));
    }
}

/// The matrices of layers, and the names of the tensors that they were read from.
type Matrices<T> = (Vec<Tensor<T>>, HashSet<String>);

/// Reads the matrices of all layers from the tensors whose names begin with `before`.
fn read_matrices<T: Scalar>(
    layers: &[AnyLayer<T>],
    before: &str,
    file: &SafeTensors<'_>,
) -> std::result::Result<Matrices<T>, ModelProblem> {
    let (mut wanted, mut names) = (Vec::new(), HashSet::new());
    for_each_matrix(layers, before, &mut |matrix, pieces| {
        names.extend(pieces.iter().map(|piece| piece.name.clone()));
        wanted.push((matrix.shape(), pieces));
    });
    let read_matrix = |((rows, columns), pieces): ((usize, usize), Vec<Piece>)| {
        let mut matrix = Tensor::zeros(rows, columns);
        for Piece { name, shape, columns, is_count } in pieces {
            if is_count {
                matrix.fill(read_count(file, &name)?);
                continue;
            }
            let places = (0..rows).flat_map(|i| columns.clone().map(move |j| (i, j)));
            places.zip(read(file, &name, &shape)?).for_each(|(at, x)| matrix[at] = x);
        }
        Ok(matrix)
    };
    let matrices = wanted.into_iter().map(read_matrix).collect::<std::result::Result<_, _>>()?;
    Ok((matrices, names))
}

/// Returns an error if the file has a tensor with another name.
fn check_names(file: &SafeTensors<'_>, names: &HashSet<String>) -> std::result::Result<(), ModelProblem> {
    match file.names().into_iter().find(|name| !names.contains(*name)) {
        Some(name) => Err(ModelProblem::Tensor(format!("{name} does not belong to the architecture"))),
        None => Ok(()),
    }
}

/// All tensors of all networks.
fn all_tensors(networks: &[AnyNetwork]) -> Vec<Stored> {
    let of_network = |(k, net): (usize, &AnyNetwork)| either!(net, net => tensors_of(net, &prefix(k)));
    networks.iter().enumerate().flat_map(of_network).collect()
}

/// All tensors of a network, in row-major order; their names begin with `before`.
fn tensors_of<T: Scalar>(net: &NeuralNetwork<T>, before: &str) -> Vec<Stored> {
    let mut tensors = Vec::new();
    for_each_matrix(net.layers(), before, &mut |matrix, pieces| {
        for Piece { name, shape, columns, is_count } in pieces {
            if is_count {
                let bytes = (matrix[(0, 0)].to_f64() as i64).to_le_bytes().to_vec();
                tensors.push(Stored { name, dtype: safetensors::Dtype::I64, shape, bytes });
                continue;
            }
            let mut bytes = Vec::with_capacity(matrix.rows() * columns.len() * size_of::<T>());
            for (i, j) in (0..matrix.rows()).flat_map(|i| columns.clone().map(move |j| (i, j))) {
                bytes.extend_from_slice(matrix[(i, j)].to_le_bytes().as_ref());
            }
            tensors.push(Stored { name, dtype: type_of(T::DTYPE), shape, bytes });
        }
    });
    tensors
}

/// The bytes of each tensor.
fn contents(tensors: &[Stored]) -> impl Iterator<Item = &[u8]> {
    tensors.iter().map(|tensor| tensor.bytes.as_slice())
}

/// Builds the described networks with the numbers of the file, which must not contain anything else.
fn networks<T: Scalar>(
    spec: &ModelSpec,
    file: &SafeTensors<'_>,
    registry: &Registry,
) -> std::result::Result<Vec<NeuralNetwork<T>>, ModelProblem> {
    let check = |name: &str, shape: &[usize]| find(file, name, shape).map(|_| ());
    let features = spec.preprocessing.features();
    let (mut networks, mut all_names) = (Vec::new(), HashSet::new());
    for (layers, before) in spec.networks() {
        let layers: Vec<AnyLayer<T>> = build_all(layers, (&before, features), registry, &check)?;
        let (matrices, names) = read_matrices(&layers, &before, file)?;
        let net = NeuralNetwork::from_layers(features, layers);
        let mut net = net.map_err(|error| ModelProblem::Inconsistent(error.to_string()))?;
        net.set_state(matrices);
        networks.push(net);
        all_names.extend(names);
    }
    check_names(file, &all_names)?;
    Ok(networks)
}

/// The elements of a tensor, in row-major order.
fn read<T: Scalar>(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> std::result::Result<Vec<T>, ModelProblem> {
    let tensor = find(file, name, shape)?;
    check_type(&tensor, name, T::DTYPE)?;
    let elements: Option<Vec<T>> = tensor.data().chunks_exact(size_of::<T>()).map(T::from_le_bytes).collect();
    match elements {
        Some(elements) if elements.iter().all(|x| x.is_finite()) => Ok(elements),
        _ => Err(ModelProblem::Tensor(format!("{name} holds a number that is not finite"))),
    }
}

/// Reads a 64-bit integer that is at least 0.
fn read_count<T: Scalar>(file: &SafeTensors<'_>, name: &str) -> std::result::Result<T, ModelProblem> {
    let tensor = find(file, name, &[])?;
    let bytes = tensor.data().try_into().ok().filter(|_| tensor.dtype() == safetensors::Dtype::I64);
    match bytes.map(i64::from_le_bytes) {
        Some(count @ 0..) => Ok(T::from_f64(count as f64)),
        _ => Err(ModelProblem::Tensor(format!("{name}: expected a whole number of 64 bits"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use mfnet_table::Table;

    use super::*;
    use crate::data::{Dataset, Preprocessing, Target};
    use crate::random::Seed;

    /// The metadata of a small model.
    fn metadata() -> Value {
        let table = Table::from_text("t", "a,b\n1,x\n2,y\n").unwrap();
        let data = Dataset::from_table(&table, &Target::classes("b")).unwrap();
        let net = NeuralNetwork::builder(1).linear(2).build(Seed(0)).unwrap();
        let bytes = Model::new(&data, Preprocessing::fit(&data), net).unwrap().to_bytes().unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        serde_json::from_str(&header.metadata().as_ref().unwrap()[KEY]).unwrap()
    }

    /// A model file whose metadata was altered, with a digest that is right again.
    fn altered(alter: impl FnOnce(&mut Value), tensors: &[Stored]) -> String {
        let mut value = metadata();
        alter(&mut value);
        let mut metadata: Metadata = serde_json::from_value(value).unwrap();
        metadata.sha256 = metadata.digest(contents(tensors)).unwrap();
        let json = HashMap::from([(KEY.to_owned(), serde_json::to_string(&metadata).unwrap())]);
        let bytes = serialized("t".as_ref(), tensors, Some(json)).unwrap();
        Model::from_bytes("t", &bytes).unwrap_err().to_string()
    }

    /// What this version does not know may change what the rest means.
    #[test]
    fn an_unknown_field() {
        let mut value = metadata();
        value["later"] = 1.into();
        let error = serde_json::from_value::<Metadata>(value).err().unwrap().to_string();
        assert!(error.contains("unknown field `later`"), "{error}");
    }

    fn tensor(name: &str, shape: &[usize]) -> Stored {
        let bytes = vec![0; 8 * shape.iter().product::<usize>()];
        Stored { name: name.to_owned(), dtype: safetensors::Dtype::F64, shape: shape.to_vec(), bytes }
    }

    #[test]
    fn a_layer_without_inputs_or_outputs() {
        for (inputs, outputs) in [(0, 2), (usize::MAX, 0), (0, 0)] {
            let layers = json!([{"kind": "linear", "inputs": inputs, "outputs": outputs}]);
            let tensors = [tensor("0.weight", &[outputs, inputs]), tensor("0.bias", &[outputs])];
            let error = altered(|metadata| metadata["layers"] = layers, &tensors);
            let expected =
                format!("t: layer 0 has {inputs} inputs and {outputs} outputs, and needs at least one of each");
            assert_eq!(error, expected);
        }
    }

    /// The header promises more than the file has: an error before memory is asked for.
    #[test]
    fn a_layer_that_is_larger_than_the_file() {
        let layers = json!([{"kind": "linear", "inputs": 1u64 << 40, "outputs": 1024}]);
        let block = json!([{"kind": "residual", "layers": layers.clone()}]);
        let expected = "expected shape [1024, 1099511627776], found [2, 1]";
        for (layers, place) in [(layers, "0"), (block, "0.f.0")] {
            let tensors = [tensor(&format!("{place}.weight"), &[2, 1]), tensor(&format!("{place}.bias"), &[2])];
            let error = altered(|metadata| metadata["layers"] = layers.clone(), &tensors);
            assert_eq!(error, format!("t: tensor {place}.weight: {expected}"));
        }
    }

    #[test]
    fn a_model_of_nothing() {
        let relu = json!([{"kind": "activation", "function": "relu"}]);
        let expected = "t: expected at least one column, one feature and one output, found ";
        let of_columns = |levels: Value, labels: Value| {
            altered(
                |metadata| {
                    metadata["layers"] = relu.clone();
                    let column = json!({"kind": "category", "levels": levels, "others": false, "missing": false});
                    metadata["preprocessing"]["columns"] = json!([column]);
                    metadata["preprocessing"]["inputs"] = json!({"mean": [], "scale": [], "constant": []});
                    metadata["target"]["labels"] = labels;
                },
                &[],
            )
        };
        assert_eq!(of_columns(json!([]), json!([])), format!("{expected}1, 0 and 0"));
        assert_eq!(of_columns(json!([]), json!(["x"])), format!("{expected}1, 0 and 1"));
        assert_eq!(of_columns(json!(["p"]), json!([])), format!("{expected}1, 1 and 0"));
    }
}
