//! Where everything is put: boxes in boxes, columns from left to right, and lines
//! that run between the boxes instead of through them.
//!
//! Each box is laid out by itself, from the inside out: what lies in it is ranked
//! into columns ([`rank`]), ordered within them so that lines cross little
//! ([`order`]), and moved so that lines are straight ([`place`]). A line that
//! leaves a box gets a port at its border, which the box around it goes on from.
//! Lines between the same two boxes share ports and lanes. What no line touches is packed in
//! rows below. No clock, no chance: the same input gives the same picture.
//!
//! `rust-sugiyama` was looked at: it places nodes quickly, but knows neither boxes
//! nor ways around nodes.

mod order;
mod place;
mod rank;

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Blank between a box's border and what is in it.
const PADDING: f64 = 18.0;
/// Between things of one column, and between rows.
pub(crate) const GAP: f64 = 16.0;
/// Between columns, at least.
const ALLEY: f64 = 46.0;
/// The height that a line takes where it passes through a column.
const LANE: f64 = 8.0;
/// Width over height that packed rows aim at.
const ASPECT: f64 = 1.8;

/// What is to be laid out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scheme {
    pub(crate) items: Vec<Item>,
    pub(crate) lines: Vec<Line>,
}

/// A node, or a box with what lies in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Item {
    pub(crate) parent: Option<usize>,
    pub(crate) is_box: bool,
    /// Its size; of a box, that of its title.
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A line from one item to another, neither of which is in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Lines of one class share lanes; lower classes decide what is left and right.
    pub(crate) class: u8,
}

impl Line {
    /// The class of lines whose direction matters little.
    pub(crate) const QUIET: u8 = 99;
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Where everything is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Layout {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// One for each item.
    pub(crate) rects: Vec<Rect>,
    /// Points of each line, from its beginning to its end.
    pub(crate) routes: Vec<Vec<Point>>,
}

/// Lines that share ports and lanes: those of one class that come to, or from, the
/// same thing on the right.
type Bundle = (usize, u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Side {
    Left,
    Right,
}

/// An end of a piece of a line within one box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum End {
    Item(usize),
    Port(Side),
}

/// A piece of a line within one box. It runs from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Piece {
    bundle: Bundle,
    left: End,
    right: End,
}

/// Lays out a scheme.
pub(crate) fn layout(scheme: &Scheme) -> Layout {
    Maker::new(scheme).make()
}

/// One box from the inside, its corner at the origin.
#[derive(Default)]
struct Inside {
    width: f64,
    height: f64,
    rects: BTreeMap<usize, Rect>,
    /// Heights of the ports.
    ports: BTreeMap<(Bundle, Side), f64>,
    /// Where each column begins and ends.
    columns: Vec<(f64, f64)>,
    /// Where bundles pass through columns: begin, end, height.
    lanes: BTreeMap<(Bundle, usize), (f64, f64, f64)>,
}

struct Maker<'a> {
    scheme: &'a Scheme,
    /// Children of each box; those of the whole picture come last.
    children: Vec<Vec<usize>>,
    ranks: Vec<usize>,
    columns: Vec<usize>,
    pieces: Vec<Vec<Piece>>,
    /// Pieces of each line, from its beginning on: box, piece, runs backwards.
    courses: Vec<Vec<(usize, Piece, bool)>>,
    insides: Vec<Inside>,
}

impl<'a> Maker<'a> {
    fn new(scheme: &'a Scheme) -> Self {
        let whole = scheme.items.len();
        let mut children = vec![Vec::new(); whole + 1];
        for (at, item) in scheme.items.iter().enumerate() {
            children[item.parent.unwrap_or(whole)].push(at);
        }
        Self {
            scheme,
            children,
            ranks: vec![0; whole],
            columns: vec![1; whole + 1],
            pieces: vec![Vec::new(); whole + 1],
            courses: Vec::new(),
            insides: Vec::new(),
        }
    }

    fn make(mut self) -> Layout {
        let whole = self.scheme.items.len();
        self.rank();
        self.cut();
        self.insides = (0..=whole).map(|_| Inside::default()).collect();
        for container in self.inside_out() {
            self.insides[container] = self.lay_out(container);
        }
        let rects = self.absolute();
        let routes = (0..self.scheme.lines.len()).map(|line| self.route(line, &rects));
        Layout {
            width: self.insides[whole].width,
            height: self.insides[whole].height,
            routes: routes.collect(),
            rects,
        }
    }

    /// The item and those above it, from the outermost in; the whole picture is left out.
    fn chain(&self, item: usize) -> Vec<usize> {
        let above = std::iter::successors(Some(item), |at| self.scheme.items[*at].parent);
        let mut chain: Vec<usize> = above.collect();
        chain.reverse();
        chain
    }

    /// The box that holds both ends, and what in it holds each.
    fn meet(&self, line: &Line) -> (usize, Vec<usize>, Vec<usize>) {
        let (from, to) = (self.chain(line.from), self.chain(line.to));
        let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let container = match common {
            0 => self.scheme.items.len(),
            common => from[common - 1],
        };
        (container, from[common..].to_vec(), to[common..].to_vec())
    }

    /// Gives every item the column that it stands in within its box.
    fn rank(&mut self) {
        let mut within: BTreeMap<usize, BTreeSet<(u8, usize, usize, usize)>> = BTreeMap::new();
        let mut touched = vec![false; self.scheme.items.len()];
        for (at, line) in self.scheme.lines.iter().enumerate() {
            let (container, from, to) = self.meet(line);
            from.iter()
                .chain(&to)
                .for_each(|item| touched[*item] = true);
            if let (Some(from), Some(to)) = (from.first(), to.first()) {
                let edges = within.entry(container).or_default();
                edges.insert((line.class, at, *from, *to));
            }
        }
        for (container, children) in self.children.iter().enumerate() {
            let items = children.iter().filter(|item| touched[**item]);
            let items: Vec<usize> = items.copied().collect();
            let edges = within.get(&container);
            let edges = edges.into_iter().flatten();
            let edges: Vec<_> = edges.map(|(_, _, from, to)| (*from, *to)).collect();
            let ranked = rank::rank(&items, &edges);
            self.columns[container] = ranked.values().max().map_or(0, |last| last + 1);
            for (item, rank) in ranked {
                self.ranks[item] = rank;
            }
        }
    }

    /// Cuts every line into the pieces that run within one box each.
    fn cut(&mut self) {
        for line in &self.scheme.lines {
            let (container, from, to) = self.meet(line);
            let mut course = Vec::new();
            let (Some(first), Some(last)) = (from.first(), to.first()) else {
                self.courses.push(course);
                continue;
            };
            let forward = self.ranks[*first] < self.ranks[*last];
            let (left, right) = if forward {
                (*first, *last)
            } else {
                (*last, *first)
            };
            // A way that comes back is not to be taken for the way there.
            let apart = !forward && line.class != Line::QUIET;
            let bundle = (right, line.class + if apart { 100 } else { 0 });
            let (leaves, enters) = match forward {
                true => (Side::Right, Side::Left),
                false => (Side::Left, Side::Right),
            };
            // Out of the boxes around the beginning, across, and into those around the end.
            for pair in from.windows(2).rev() {
                course.push((
                    pair[0],
                    piece(bundle, pair[1], leaves),
                    leaves == Side::Left,
                ));
            }
            let across = Piece {
                bundle,
                left: End::Item(left),
                right: End::Item(right),
            };
            course.push((container, across, !forward));
            for pair in to.windows(2) {
                course.push((
                    pair[0],
                    piece(bundle, pair[1], enters),
                    enters == Side::Right,
                ));
            }
            for (container, piece, _) in &course {
                self.pieces[*container].push(*piece);
            }
            self.courses.push(course);
        }
        for pieces in &mut self.pieces {
            pieces.sort_unstable();
            pieces.dedup();
        }
    }

    /// Boxes before the boxes around them; the whole picture last.
    fn inside_out(&self) -> Vec<usize> {
        let whole = self.scheme.items.len();
        let boxes = (0..whole).filter(|at| self.scheme.items[*at].is_box);
        let mut boxes: Vec<usize> = boxes.collect();
        boxes.sort_by_key(|at| std::cmp::Reverse(self.chain(*at).len()));
        boxes.push(whole);
        boxes
    }

    fn size(&self, item: usize) -> (f64, f64) {
        match self.scheme.items[item].is_box {
            true => (self.insides[item].width, self.insides[item].height),
            false => (
                self.scheme.items[item].width,
                self.scheme.items[item].height,
            ),
        }
    }

    /// How far below its top a bundle meets an item.
    fn attach(&self, item: usize, bundle: Bundle, side: Side) -> f64 {
        let drawn = &self.scheme.items[item];
        match self.insides[item].ports.get(&(bundle, side)) {
            Some(height) => *height,
            // A box is met at its title.
            None if drawn.is_box => drawn.height / 2.0,
            None => self.size(item).1 / 2.0,
        }
    }

    fn lay_out(&self, container: usize) -> Inside {
        let own = self.scheme.items.get(container);
        let top = own.map_or(PADDING, |own| own.height);
        let mut inside = self.columned(container, top);
        let loose = self.children[container].iter();
        let loose: Vec<usize> = loose
            .filter(|item| !inside.rects.contains_key(item))
            .copied()
            .collect();
        if !loose.is_empty() {
            self.pack(&loose, top, &mut inside);
        }
        if let Some(own) = own {
            inside.width = inside.width.max(own.width);
            let least = top
                + if self.children[container].is_empty() {
                    0.0
                } else {
                    PADDING
                };
            inside.height = inside.height.max(least);
        }
        // Lines leave through the border, wherever that is in the end.
        inside
    }

    /// What lines touch, in columns.
    fn columned(&self, container: usize, top: f64) -> Inside {
        let mut inside = Inside::default();
        let pieces = &self.pieces[container];
        let touched: BTreeSet<usize> = pieces
            .iter()
            .flat_map(|piece| [piece.left, piece.right])
            .filter_map(|end| match end {
                End::Item(item) => Some(item),
                End::Port(_) => None,
            })
            .collect();
        if touched.is_empty() {
            return inside;
        }
        let last = self.columns[container];
        let mut graph = place::Columns::new(last + 2);
        let mut vertices: HashMap<Spot, usize> = HashMap::new();
        for item in &touched {
            let column = self.ranks[*item] + 1;
            let vertex = graph.add(column, self.size(*item).1, false);
            vertices.insert(Spot::Item(*item), vertex);
        }
        for piece in pieces {
            let begin = self.column_of(piece.left, last);
            let end = self.column_of(piece.right, last);
            let mut before: Option<(usize, f64)> = None;
            for column in begin..=end {
                let spot = match column {
                    _ if column == begin => Spot::of(piece.left, piece.bundle),
                    _ if column == end => Spot::of(piece.right, piece.bundle),
                    _ => Spot::Lane(piece.bundle, column),
                };
                let vertex = *vertices
                    .entry(spot)
                    .or_insert_with(|| graph.add(column, LANE, true));
                let leaves = self.height_at(spot, piece.bundle, Side::Right);
                let enters = self.height_at(spot, piece.bundle, Side::Left);
                if let Some((before, height)) = before {
                    graph.connect((before, height), (vertex, enters));
                }
                before = Some((vertex, leaves));
            }
        }
        let orders = order::order(&graph);
        let heights = place::heights(&graph, &orders);
        self.spread(container, top, &graph, &vertices, &heights, &mut inside);
        inside
    }

    /// Turns columns and heights into rectangles, ports and lanes.
    fn spread(
        &self,
        container: usize,
        top: f64,
        graph: &place::Columns,
        vertices: &HashMap<Spot, usize>,
        heights: &[f64],
        inside: &mut Inside,
    ) {
        let last = self.columns[container];
        let mut widths = vec![0.0_f64; last + 2];
        let mut leaves = vec![0.0_f64; last + 2];
        for spot in vertices.keys() {
            if let Spot::Item(item) = spot {
                let column = self.ranks[*item] + 1;
                let width = self.size(*item).0;
                widths[column] = widths[column].max(width);
                if !self.scheme.items[*item].is_box {
                    leaves[column] = leaves[column].max(width);
                }
            }
        }
        let mut begins = vec![0.0; last + 2];
        let mut x = PADDING;
        for column in 1..=last {
            begins[column] = x;
            // Many lines between two columns need room to cross.
            let crossing = graph.between(column).min(14) as f64;
            x += widths[column] + ALLEY + crossing * 2.5;
            if column == last {
                x -= ALLEY + crossing * 2.5;
            }
        }
        inside.width = x + PADDING;
        let ends = begins.iter().zip(&widths);
        inside.columns = ends.map(|(begin, width)| (*begin, begin + width)).collect();
        let tops = vertices.values().map(|vertex| heights[*vertex]);
        let highest = tops.fold(f64::INFINITY, f64::min);
        let down = |vertex: usize| heights[vertex] - highest + top;
        let mut lowest = top;
        for (spot, vertex) in vertices {
            let y = down(*vertex);
            match spot {
                Spot::Item(item) => {
                    let column = self.ranks[*item] + 1;
                    let height = self.size(*item).1;
                    let width = self.stretched(*item, leaves[column], widths[column]);
                    let x = begins[column] + (widths[column] - width) / 2.0;
                    lowest = lowest.max(y + height);
                    inside.rects.insert(
                        *item,
                        Rect {
                            x,
                            y,
                            width,
                            height,
                        },
                    );
                }
                Spot::Lane(bundle, column) => {
                    lowest = lowest.max(y + LANE);
                    let (begin, end) = (begins[*column], begins[*column] + widths[*column]);
                    inside
                        .lanes
                        .insert((*bundle, *column), (begin, end, y + LANE / 2.0));
                }
                Spot::Port(bundle, side) => {
                    lowest = lowest.max(y + LANE);
                    inside.ports.insert((*bundle, *side), y + LANE / 2.0);
                }
            }
        }
        inside.height = lowest + PADDING;
    }

    /// Nodes of a column are of one width, and boxes that nearly are.
    fn stretched(&self, item: usize, leaves: f64, widest: f64) -> f64 {
        let own = self.size(item).0;
        match self.scheme.items[item].is_box {
            false => leaves,
            true if own > widest * 0.72 => widest.max(own),
            true => own,
        }
    }

    /// The column of an end, where ports have columns of their own.
    fn column_of(&self, end: End, last: usize) -> usize {
        match end {
            End::Port(Side::Left) => 0,
            End::Port(Side::Right) => last + 1,
            End::Item(item) => self.ranks[item] + 1,
        }
    }

    fn height_at(&self, spot: Spot, bundle: Bundle, side: Side) -> f64 {
        match spot {
            Spot::Item(item) => self.attach(item, bundle, side),
            Spot::Lane(..) | Spot::Port(..) => LANE / 2.0,
        }
    }

    /// What no line touches, in rows.
    fn pack(&self, loose: &[usize], top: f64, inside: &mut Inside) {
        let area: f64 = loose
            .iter()
            .map(|item| {
                let (width, height) = self.size(*item);
                (width + GAP) * (height + GAP)
            })
            .sum();
        let widest = loose
            .iter()
            .map(|item| self.size(*item).0)
            .fold(0.0, f64::max);
        let limit = (area * ASPECT)
            .sqrt()
            .max(widest)
            .max(inside.width - 2.0 * PADDING);
        let begin = match inside.rects.is_empty() {
            true => top,
            false => inside.height - PADDING + GAP * 1.5,
        };
        let (mut x, mut y, mut row) = (0.0, begin, 0.0_f64);
        let is_leaf = |item: &&usize| !self.scheme.items[**item].is_box;
        let leaves = loose.iter().filter(is_leaf).map(|item| self.size(*item).0);
        let mut leaves = leaves.fold(0.0, f64::max);
        // Below a single column it goes on as that.
        let above = inside.rects.iter().filter(|(item, _)| is_leaf(item));
        let above: Vec<Rect> = above.map(|(_, rect)| *rect).collect();
        if let [first, rest @ ..] = &above[..]
            && rest.iter().all(|rect| (rect.x - first.x).abs() < 0.01)
        {
            leaves = leaves.max(first.width);
        }
        for item in loose {
            let width = self.stretched(*item, leaves, 0.0);
            let height = self.size(*item).1;
            if x > 0.0 && x + width > limit {
                (x, y, row) = (0.0, y + row + GAP, 0.0);
            }
            let rect = Rect {
                x: PADDING + x,
                y,
                width,
                height,
            };
            inside.rects.insert(*item, rect);
            inside.width = inside.width.max(rect.x + width + PADDING);
            x += width + GAP;
            row = row.max(height);
        }
        inside.height = y + row + PADDING;
    }

    fn absolute(&self) -> Vec<Rect> {
        let whole = self.scheme.items.len();
        let mut rects = vec![Rect::default(); whole];
        let mut outside_in = self.inside_out();
        outside_in.reverse();
        for container in outside_in {
            let corner = rects.get(container).copied().unwrap_or_default();
            for (item, rect) in &self.insides[container].rects {
                rects[*item] = Rect {
                    x: corner.x + rect.x,
                    y: corner.y + rect.y,
                    ..*rect
                };
            }
        }
        rects
    }

    fn route(&self, line: usize, rects: &[Rect]) -> Vec<Point> {
        let mut points = Vec::new();
        for (container, piece, backwards) in &self.courses[line] {
            let corner = rects.get(*container).copied().unwrap_or_default();
            let mut run = self.run(*container, piece, corner, rects);
            if *backwards {
                run.reverse();
            }
            points.extend(run);
        }
        points.dedup_by(|a, b| (a.x - b.x).abs() < 0.01 && (a.y - b.y).abs() < 0.01);
        points
    }

    /// The points of a piece, from left to right.
    fn run(&self, container: usize, piece: &Piece, corner: Rect, rects: &[Rect]) -> Vec<Point> {
        let (inside, last) = (&self.insides[container], self.columns[container]);
        let end = |end: End, side: Side| match end {
            // It leaves an item on the right, and comes to one on its left; beside
            // what is wider in the same column it runs level.
            End::Item(item) => {
                let rect = rects[item];
                let (begin, end) = inside.columns[self.ranks[item] + 1];
                let y = rect.y + self.attach(item, piece.bundle, side);
                let (border, edge) = match side {
                    Side::Right => (rect.x + rect.width, corner.x + end),
                    Side::Left => (rect.x, corner.x + begin),
                };
                [Point { x: border, y }, Point { x: edge, y }]
            }
            End::Port(at) => {
                let x = match at {
                    Side::Left => corner.x,
                    Side::Right => corner.x + corner.width,
                };
                let port = inside.ports.get(&(piece.bundle, at)).copied();
                let y = corner.y + port.unwrap_or_default();
                [Point { x, y }; 2]
            }
        };
        let mut points = end(piece.left, Side::Right).to_vec();
        let (begin, stop) = (
            self.column_of(piece.left, last),
            self.column_of(piece.right, last),
        );
        for column in begin + 1..stop {
            if let Some((from, to, y)) = inside.lanes.get(&(piece.bundle, column)) {
                let y = corner.y + y;
                points.push(Point {
                    x: corner.x + from,
                    y,
                });
                points.push(Point {
                    x: corner.x + to,
                    y,
                });
            }
        }
        let [last, before] = end(piece.right, Side::Left);
        points.extend([before, last]);
        points
    }
}

/// A piece between an item and the border of the box that it is in.
fn piece(bundle: Bundle, item: usize, side: Side) -> Piece {
    let (item, port) = (End::Item(item), End::Port(side));
    match side {
        Side::Left => Piece {
            bundle,
            left: port,
            right: item,
        },
        Side::Right => Piece {
            bundle,
            left: item,
            right: port,
        },
    }
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Spot {
    Item(usize),
    Lane(Bundle, usize),
    Port(Bundle, Side),
}

impl Spot {
    fn of(end: End, bundle: Bundle) -> Self {
        match end {
            End::Item(item) => Self::Item(item),
            End::Port(side) => Self::Port(bundle, side),
        }
    }
}

#[cfg(test)]
mod tests;
