//! Errors of the command line, and suggestions for what was probably meant.

use std::path::Path;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args::Args;
use crate::failure::Failure;
use crate::known::is_name;

/// The least Jaro–Winkler similarity of what was probably meant; 1 for equal words.
const SIMILAR: f64 = 0.85;

/// Names that other programs use for options.
const OTHER_NAMES: [(&str, &str); 15] = [
    ("--lr", "--learning-rate"),
    ("--lr-find", "--find-rate"),
    ("--layers", "--hidden"),
    ("--units", "--hidden"),
    ("--patience", "--early-stopping"),
    ("--cv", "--folds"),
    ("--label", "--target"),
    ("--loss-function", "--loss"),
    ("--normalization", "--norm"),
    ("--batch-norm", "--norm batch"),
    ("--batchnorm", "--norm batch"),
    ("--layer-norm", "--norm layer"),
    ("--layernorm", "--norm layer"),
    ("swish", "silu"),
    ("--random-state", "--seed"),
];

/// clap's error about these arguments, on one line.
pub(crate) fn failure(error: &clap::Error, arguments: &[String]) -> Failure {
    let mut failure = Failure::usage(wording(error));
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let mut similar = kinds.into_iter().flat_map(context).collect::<Vec<_>>();
    let found = |kind| context(kind).into_iter().next().unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let surplus = found(ContextKind::InvalidArg);
            similar.retain(|option| mfnet::text::similar([option.as_str()].into_iter(), &surplus, SIMILAR).is_some());
            let command = arguments.first().map(String::as_str).unwrap_or_default();
            if surplus == "--target" && ["evaluate", "predict", "explain"].contains(&command) {
                failure = failure.help("the model knows its target: leave --target out");
            }
            if command == surplus {
                return failure.help(format!("options come after the command: mfnet train DATA {surplus}"));
            }
            if let Some((_, option)) = OTHER_NAMES.iter().find(|(other, _)| *other == surplus) {
                similar = vec![(*option).to_owned()];
            }
            failure = about_surplus(failure, &surplus, arguments);
        }
        ErrorKind::InvalidSubcommand => {
            let command = found(ContextKind::InvalidSubcommand);
            let commands = Args::command();
            let names = commands.get_subcommands().map(clap::Command::get_name);
            similar = mfnet::text::similar(names, &command, SIMILAR).map(str::to_owned).into_iter().collect();
            if is_name(&command) {
                return failure.help(format!("to train on it: mfnet train {command}"));
            } else if Path::new(&command).exists() {
                return failure.help(format!("to train on this file: mfnet train {command} --target COLUMN"));
            }
        }
        ErrorKind::InvalidValue => {
            let value = found(ContextKind::InvalidValue);
            let names = context(ContextKind::ValidValue);
            let others = OTHER_NAMES.iter().filter(|(_, name)| names.iter().any(|known| known == name));
            let all = names.iter().map(String::as_str).chain(others.map(|(other, _)| *other));
            let meant = mfnet::text::similar(all, &value, SIMILAR);
            let ours = |name| OTHER_NAMES.iter().find(|(other, _)| *other == name).map_or(name, |(_, ours)| *ours);
            similar = meant.map(|name| ours(name).to_owned()).into_iter().collect();
        }
        ErrorKind::ArgumentConflict if arguments.iter().any(|argument| argument.starts_with("--warm-start")) => {
            failure =
                failure.help("the model of --warm-start sets the target, the network, the columns and the scaling");
        }
        ErrorKind::ValueValidation => {
            let value = found(ContextKind::InvalidValue);
            let with_point = value.replacen(',', ".", 1);
            let option = found(ContextKind::InvalidArg);
            let words = wording(error);
            let words = words.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| *word != value);
            let meant = mfnet::text::similar(words, &value, SIMILAR);
            similar = meant
                .filter(|_| value.contains(char::is_alphabetic) && !value.contains([':', ',']))
                .map(str::to_owned)
                .into_iter()
                .collect();
            if value != with_point && with_point.parse::<f64>().is_ok() && !option.starts_with("--hidden ") {
                failure = failure.help(format!("write decimals with a point: {with_point}"));
            }
        }
        ErrorKind::MissingRequiredArgument => {
            if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
                let usage = usage.to_string();
                let usage = usage.trim_start_matches("Usage:").lines().map(str::trim).collect::<Vec<_>>().join(" or ");
                failure = failure.help(format!("usage: {usage}"));
            }
        }
        _ => {}
    }
    if !similar.is_empty() {
        failure = failure.help(format!("did you mean {}?", similar.join(" or ")));
    }
    let command = arguments.first().filter(|name| Args::command().find_subcommand(name).is_some());
    failure.help(match command {
        Some(command) => format!("mfnet {command} --help shows all options with examples"),
        None => "mfnet --help shows all commands with examples".to_owned(),
    })
}

/// The error about one of several arguments that are not files.
pub(crate) fn surplus(argument: &str, arguments: &[String]) -> Failure {
    let failure = Failure::usage(format!("unexpected argument {argument}: there is no such file"));
    about_surplus(failure, argument, arguments)
}

/// Helps with an argument that is too many.
fn about_surplus(failure: Failure, surplus: &str, arguments: &[String]) -> Failure {
    if let Some((option, values)) = list_with_spaces(arguments, surplus) {
        return failure.help(format!("separate the values of {option} by commas: {option} {values}"));
    }
    match flag_before(arguments, surplus) {
        Some(flag) => failure.help(format!("{flag} takes no value: remove {surplus}")),
        None => failure,
    }
}

/// The text of clap's error: its first paragraph, or a shorter text.
fn wording(error: &clap::Error) -> String {
    let name = |kind| error.get(kind).map(|value| value.to_string().replace('\'', "")).unwrap_or_default();
    match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            return "the command is missing".to_owned();
        }
        ErrorKind::InvalidSubcommand => return format!("there is no command {}", name(ContextKind::InvalidSubcommand)),
        ErrorKind::UnknownArgument => {
            let surplus = name(ContextKind::InvalidArg);
            return match surplus.starts_with('-') {
                true => format!("there is no option {surplus}"),
                false => format!("unexpected argument {surplus}"),
            };
        }
        ErrorKind::TooManyValues => {
            let (option, value) = (name(ContextKind::InvalidArg), name(ContextKind::InvalidValue));
            return format!("{option} takes no value, found {value}");
        }
        ErrorKind::MissingRequiredArgument => {
            let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
                return "an argument is missing".to_owned();
            };
            return format!("{} missing", of_several(missing));
        }
        _ => {}
    }
    let option = name(ContextKind::InvalidArg);
    let option = option.split(" <").next().unwrap_or_default();
    let value = name(ContextKind::InvalidValue);
    let text = error.to_string();
    if error.kind() == ErrorKind::InvalidValue
        && let Some(ContextValue::Strings(names)) = error.get(ContextKind::ValidValue)
    {
        return match value.as_str() {
            "" if names.is_empty() => format!("{option} needs a value"),
            "" => format!("{option}: expected {}", either(names)),
            _ => format!("{option}: expected {}, found {value}", either(names)),
        };
    }
    if error.kind() == ErrorKind::ValueValidation
        && let Some(reason) = std::error::Error::source(error).map(ToString::to_string)
    {
        let found = if reason.contains("found") { String::new() } else { format!(", found {value}") };
        return format!("{option}: {reason}{found}");
    }
    let paragraph = text.split("\n\n").next().unwrap_or(&text).trim_start_matches("error: ");
    let paragraph = paragraph.trim_start_matches("the argument ");
    let words = paragraph
        .split_whitespace()
        .filter(|word| !word.starts_with('<') || error.kind() != ErrorKind::ArgumentConflict);
    words.collect::<Vec<_>>().join(" ").replace('\'', "")
}

/// "sgd, adam or adamw".
fn either(names: &[String]) -> String {
    match names {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
}

/// "MODEL and DATA are", "DATA is".
fn of_several(names: &[String]) -> String {
    // <DATA>... is DATA; the value of an option keeps its brackets
    let plain = |name: &String| match name.starts_with('-') {
        true => name.clone(),
        false => name.trim_matches(['<', '>', '.']).to_owned(),
    };
    let plain: Vec<String> = names.iter().map(plain).collect();
    format!("{} {}", plain.join(" and "), if plain.len() == 1 { "is" } else { "are" })
}

/// The flag right before a surplus argument.
fn flag_before<'a>(arguments: &'a [String], surplus: &str) -> Option<&'a str> {
    if surplus.starts_with('-') {
        return None;
    }
    let at = arguments.iter().rposition(|argument| argument == surplus)?;
    let before = arguments.get(at.checked_sub(1)?)?;
    let command = Args::command();
    let command = command.find_subcommand(arguments.first()?)?;
    let option = command.get_arguments().find(|option| option.get_long() == before.strip_prefix("--"))?;
    (!option.is_positional() && !option.get_action().takes_values()).then_some(before.as_str())
}

/// If the option before a surplus argument takes a list: the option, and all its values separated
/// by commas.
fn list_with_spaces<'a>(arguments: &'a [String], surplus: &str) -> Option<(&'a str, String)> {
    const LISTS: [&str; 7] = ["--hidden", "--target", "--drop", "--numeric", "--categorical", "--keep", "--rows"];
    if surplus.starts_with('-') {
        return None;
    }
    let end = arguments.iter().rposition(|argument| argument == surplus)?;
    let start = arguments[..end].iter().rposition(|argument| argument.starts_with('-'))?;
    let option = arguments[start].as_str();
    let of_numbers = ["--hidden", "--rows"].contains(&option);
    let is_value = |argument: &&String| {
        !argument.starts_with('-') && (!of_numbers || argument.starts_with(|c: char| c.is_ascii_digit()))
    };
    let values: Vec<&str> = arguments[start + 1..].iter().take_while(is_value).map(String::as_str).collect();
    let is_list = LISTS.contains(&option) && !values.iter().any(|value| Path::new(value).is_file());
    is_list.then(|| (option, values.join(",")))
}
