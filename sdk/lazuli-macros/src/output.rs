//! What `output!` writes: the texts of a format, and the inputs between them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, LitStr, Token};

/// `"https://{}/{path}", host, path = expression`.
pub(crate) struct Composition {
    format: LitStr,
    arguments: Vec<Argument>,
}

struct Argument {
    name: Option<Ident>,
    value: Expr,
}

impl Parse for Composition {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let format = input.parse()?;
        let mut arguments: Vec<Argument> = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let argument: Argument = input.parse()?;
            let follows_named = arguments.last().is_some_and(|last| last.name.is_some());
            if follows_named && argument.name.is_none() {
                let message = "arguments without a name come before those with one";
                return Err(syn::Error::new(span_of(&argument), message));
            }
            arguments.push(argument);
        }
        Ok(Self { format, arguments })
    }
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let is_named = input.peek(syn::Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]);
        let name = if is_named {
            let name = input.parse()?;
            input.parse::<Token![=]>()?;
            Some(name)
        } else {
            None
        };
        Ok(Self {
            name,
            value: input.parse()?,
        })
    }
}

/// What stands between the braces of a placeholder.
#[derive(Debug, PartialEq, Eq)]
enum Placeholder {
    /// `{}`.
    Next,
    /// `{0}`.
    Index(usize),
    /// `{host}`.
    Name(String),
}

/// A format taken apart: one more text than placeholders.
#[derive(Debug, PartialEq, Eq)]
struct Format {
    texts: Vec<String>,
    placeholders: Vec<Placeholder>,
}

impl Format {
    /// Reads `{{`, `}}` and placeholders; the error says what is wrong in a sentence.
    fn parse(format: &str) -> Result<Self, String> {
        let mut parsed = Self {
            texts: vec![String::new()],
            placeholders: Vec::new(),
        };
        let mut rest = format;
        while let Some(at) = rest.find(['{', '}']) {
            parsed.text().push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            rest = if let Some(after) = after.strip_prefix(brace) {
                parsed.text().push_str(brace);
                after
            } else if brace == "}" {
                return Err("a `}` without a `{` before it; write `}}` for the sign itself".into());
            } else {
                let (inside, after) = after
                    .split_once('}')
                    .ok_or("a `{` without a `}` after it; write `{{` for the sign itself")?;
                parsed.placeholders.push(placeholder(inside)?);
                parsed.texts.push(String::new());
                after
            };
        }
        parsed.text().push_str(rest);
        Ok(parsed)
    }

    fn text(&mut self) -> &mut String {
        let last = self.texts.len() - 1;
        &mut self.texts[last]
    }
}

fn placeholder(inside: &str) -> Result<Placeholder, String> {
    if inside.is_empty() {
        return Ok(Placeholder::Next);
    }
    if let Ok(index) = inside.parse() {
        return Ok(Placeholder::Index(index));
    }
    if syn::parse_str::<Ident>(inside).is_ok() {
        return Ok(Placeholder::Name(inside.to_owned()));
    }
    Err(match inside.split_once(':') {
        Some((name, spec)) => format!(
            "`output!` has no format options like `:{spec}`; write `{{{name}}}` and format the value with `Output::map`"
        ),
        None => format!(
            "`{{{inside}}}` is not a placeholder: write `{{}}` with an argument, or the name of a variable"
        ),
    })
}

impl Composition {
    /// The call that composes the text, or what is wrong with the format.
    pub(crate) fn expand(&self) -> syn::Result<TokenStream> {
        let wrong = |span: Span, message: String| syn::Error::new(span, message);
        let span = self.format.span();
        let format = Format::parse(&self.format.value()).map_err(|reason| wrong(span, reason))?;
        let positional = self
            .arguments
            .iter()
            .filter(|one| one.name.is_none())
            .count();
        let mut used = vec![false; self.arguments.len()];
        let mut next = 0;
        let mut parts = Vec::with_capacity(format.placeholders.len());
        for placeholder in &format.placeholders {
            let index = match placeholder {
                Placeholder::Next => {
                    next += 1;
                    next - 1
                }
                Placeholder::Index(index) => *index,
                Placeholder::Name(name) => match self.named(name) {
                    Some(index) => index,
                    None => {
                        parts.push(captured(name, span));
                        continue;
                    }
                },
            };
            let is_name = matches!(placeholder, Placeholder::Name(_));
            if !is_name && index >= positional {
                let wanted = wanted(&format.placeholders);
                return Err(wrong(span, counted(wanted, positional)));
            }
            used[index] = true;
            parts.push(quote!(::core::clone::Clone::clone(&__arguments[#index])));
        }
        if let Some(unused) = used.iter().position(|used| !used) {
            let span = span_of(&self.arguments[unused]);
            let message = "this argument has no placeholder in the format".to_owned();
            return Err(wrong(span, message));
        }
        let texts = &format.texts;
        let arguments = self.arguments.iter().map(|one| input(&one.value));
        let count = self.arguments.len();
        // Evaluated once each, however often the format names them.
        Ok(quote! {{
            let __arguments: [::lazuli::core::Input<::std::string::String>; #count] = [#(#arguments),*];
            ::lazuli::core::output::compose(&[#(#texts),*], [#(#parts),*])
        }})
    }

    fn named(&self, name: &str) -> Option<usize> {
        let is_it = |one: &Argument| one.name.as_ref().is_some_and(|own| own == name);
        self.arguments.iter().position(is_it)
    }
}

/// How many arguments the placeholders without a name want.
fn wanted(placeholders: &[Placeholder]) -> usize {
    let next = placeholders
        .iter()
        .filter(|one| **one == Placeholder::Next)
        .count();
    let highest = placeholders.iter().filter_map(|one| match one {
        Placeholder::Index(index) => Some(index + 1),
        _ => None,
    });
    highest.max().unwrap_or_default().max(next)
}

fn counted(wanted: usize, given: usize) -> String {
    let many = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    format!(
        "the format wants {} and has {given}",
        many(wanted, "argument")
    )
}

fn span_of(argument: &Argument) -> Span {
    use syn::spanned::Spanned;
    match &argument.name {
        Some(name) => name.span(),
        None => argument.value.span(),
    }
}

/// A variable of that name where the format stands. It is not used up.
fn captured(name: &str, span: Span) -> TokenStream {
    let name = Ident::new(name, span);
    input(&quote!(::core::clone::Clone::clone(&#name)))
}

fn input(value: &impl quote::ToTokens) -> TokenStream {
    quote!(::lazuli::core::IntoInput::<::std::string::String>::into_input(#value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: &str, texts: &[&str], placeholders: &[Placeholder]) {
        let parsed = Format::parse(format).expect(format);
        assert_eq!(parsed.texts, texts, "{format}");
        assert_eq!(parsed.placeholders, placeholders, "{format}");
    }

    #[test]
    fn a_format_is_texts_with_placeholders_between() {
        let name = |name: &str| Placeholder::Name(name.to_owned());
        check("", &[""], &[]);
        check("https://{}", &["https://", ""], &[Placeholder::Next]);
        check(
            "{host}:{}/{1}",
            &["", ":", "/", ""],
            &[name("host"), Placeholder::Next, Placeholder::Index(1)],
        );
    }

    #[test]
    fn doubled_braces_are_the_sign_itself() {
        check("{{}}", &["{}"], &[]);
        check("{{\"a\": {}}}", &["{\"a\": ", "}"], &[Placeholder::Next]);
        check("{{{{", &["{{"], &[]);
    }

    #[test]
    fn what_is_not_a_format_is_refused_with_a_reason() {
        for (format, reason) in [
            ("a}", "without a `{`"),
            ("{a", "without a `}`"),
            ("{a b}", "is not a placeholder"),
            ("{:?}", "no format options like `:?`"),
        ] {
            let refused = Format::parse(format).expect_err(format);
            assert!(refused.contains(reason), "{format}: {refused}");
        }
    }
}
