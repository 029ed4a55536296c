//! The picture as one page: nothing is fetched, and everything that is said of a
//! resource comes as data that is shown as text.

use super::data::data;
use super::model::Picture;
use super::svg::{STYLE, draw, number};
use super::text::{json_in_html, xml};

const PAGE_STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What the page may do: its own styles and script, and nothing from anywhere.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

pub(super) fn write(picture: &Picture) -> String {
    let drawing = draw(picture, true);
    let (title, subtitle) = (xml(&picture.title), xml(&picture.subtitle));
    let (width, height) = (number(drawing.width.ceil()), number(drawing.height.ceil()));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}: {subtitle}</title>\n<style>\n{STYLE}{PAGE_STYLE}</style>\n</head>\n<body class=\"lz\">\n\
         <header><h1>{title}</h1><p>{subtitle}</p>\n\
         <input id=\"find\" type=\"search\" placeholder=\"Find ( / )\" aria-label=\"Find a resource\">\n\
         <span><button id=\"fit\">Fit</button> <button id=\"whole\">100 %</button> \
         <button id=\"out\" aria-label=\"Smaller\">−</button> <button id=\"in\" aria-label=\"Larger\">+</button></span></header>\n\
         <main><svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lz\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"group\" aria-label=\"{title}\">\n{}</svg></main>\n\
         <aside aria-live=\"polite\"></aside>\n\
         <script id=\"data\" type=\"application/json\">{}</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        drawing.content,
        json_in_html(&data(picture)),
    )
}
