//! What must hold of every layout.

use proptest::prelude::*;

use super::*;

fn item(parent: Option<usize>, is_box: bool) -> Item {
    let (width, height) = if is_box { (150.0, 44.0) } else { (160.0, 46.0) };
    Item {
        parent,
        is_box,
        width,
        height,
    }
}

fn line(from: usize, to: usize) -> Line {
    Line {
        from,
        to,
        class: Line::QUIET,
    }
}

/// Boxes in boxes, leaves in them, and lines between what is not in each other.
fn schemes() -> impl Strategy<Value = Scheme> {
    let boxes = prop::collection::vec(any::<prop::sample::Index>(), 0..8);
    let leaves = prop::collection::vec((any::<prop::sample::Index>(), 1_u8..4), 1..40);
    let lines = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            any::<prop::sample::Index>(),
            0_u8..3,
        ),
        0..60,
    );
    (boxes, leaves, lines).prop_map(|(boxes, leaves, lines)| {
        let mut items = Vec::new();
        for (at, parent) in boxes.iter().enumerate() {
            // The last choice is the whole picture.
            let parent = Some(parent.index(at + 1)).filter(|parent| *parent < at);
            items.push(item(parent, true));
        }
        let count = boxes.len();
        for (parent, tall) in leaves {
            let parent = Some(parent.index(count + 1)).filter(|parent| *parent < count);
            items.push(Item {
                height: f64::from(tall) * 23.0,
                ..item(parent, false)
            });
        }
        let holds = |outer: usize, inner: usize| {
            std::iter::successors(Some(inner), |at: &usize| items[*at].parent).any(|at| at == outer)
        };
        let lines = lines.iter().map(|(from, to, class)| Line {
            from: from.index(items.len()),
            to: to.index(items.len()),
            class: *class,
        });
        let lines = lines.filter(|line| !holds(line.from, line.to) && !holds(line.to, line.from));
        Scheme {
            lines: lines.collect(),
            items: items.clone(),
        }
    })
}

fn is_inside(inner: Rect, outer: Rect) -> bool {
    inner.x >= outer.x - 0.01
        && inner.y >= outer.y - 0.01
        && inner.x + inner.width <= outer.x + outer.width + 0.01
        && inner.y + inner.height <= outer.y + outer.height + 0.01
}

fn overlap(a: Rect, b: Rect) -> bool {
    a.x + 0.01 < b.x + b.width
        && b.x + 0.01 < a.x + a.width
        && a.y + 0.01 < b.y + b.height
        && b.y + 0.01 < a.y + a.height
}

fn is_on_border(point: Point, rect: Rect) -> bool {
    let sides = [rect.x, rect.x + rect.width];
    sides.iter().any(|x| (x - point.x).abs() < 0.1)
        && point.y >= rect.y - 0.1
        && point.y <= rect.y + rect.height + 0.1
}

/// Points all along a line as it is drawn: from point to point like an S.
fn drawn(route: &[Point]) -> Vec<Point> {
    let pairs = route.windows(2);
    let along = pairs.flat_map(|pair| {
        let (a, b) = (pair[0], pair[1]);
        (0..=20).map(move |at| {
            let t = f64::from(at) / 20.0;
            let (s, middle) = (1.0 - t, (a.x + b.x) / 2.0);
            Point {
                x: s.powi(3) * a.x + 3.0 * s * t * middle + t.powi(3) * b.x,
                y: (s.powi(3) + 3.0 * s * s * t) * a.y + (t.powi(3) + 3.0 * s * t * t) * b.y,
            }
        })
    });
    along.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn boxes_hold_what_is_in_them_and_nothing_overlaps(scheme in schemes()) {
        let placed = layout(&scheme);
        let whole = Rect { x: 0.0, y: 0.0, width: placed.width, height: placed.height };
        for (at, one) in scheme.items.iter().enumerate() {
            let rect = placed.rects[at];
            let outer = one.parent.map_or(whole, |parent| placed.rects[parent]);
            prop_assert!(is_inside(rect, outer), "{at} {rect:?} is not in {outer:?}");
            if let Some(parent) = one.parent {
                let title = placed.rects[parent].y + scheme.items[parent].height;
                prop_assert!(rect.y >= title - 0.01, "{at} covers the title of {parent}");
            }
            for (other, sibling) in scheme.items.iter().enumerate().skip(at + 1) {
                if sibling.parent == one.parent {
                    prop_assert!(!overlap(rect, placed.rects[other]), "{at} and {other} overlap");
                }
            }
        }
    }

    #[test]
    fn lines_run_from_border_to_border_and_pass_beside_nodes(scheme in schemes()) {
        let placed = layout(&scheme);
        for (line, route) in scheme.lines.iter().zip(&placed.routes) {
            let (first, last) = (route[0], route[route.len() - 1]);
            prop_assert!(is_on_border(first, placed.rects[line.from]), "{line:?} {route:?}");
            prop_assert!(is_on_border(last, placed.rects[line.to]), "{line:?} {route:?}");
            for (at, item) in scheme.items.iter().enumerate() {
                if item.is_box || at == line.from || at == line.to {
                    continue;
                }
                let rect = placed.rects[at];
                let hit = drawn(route).into_iter().find(|point| {
                    point.x > rect.x + 0.1 && point.x < rect.x + rect.width - 0.1
                        && point.y > rect.y + 0.1 && point.y < rect.y + rect.height - 0.1
                });
                prop_assert!(hit.is_none(), "{line:?} passes through {at}: {hit:?}");
            }
        }
    }

    #[test]
    fn the_same_scheme_gives_the_same_picture(scheme in schemes()) {
        prop_assert_eq!(layout(&scheme), layout(&scheme));
    }
}

#[test]
fn what_leads_on_stands_to_the_right() {
    let items = vec![
        item(None, true),
        item(Some(0), false),
        item(None, true),
        item(Some(2), false),
    ];
    let placed = layout(&Scheme {
        items,
        lines: vec![line(1, 3)],
    });
    assert!(
        placed.rects[0].x + placed.rects[0].width < placed.rects[2].x,
        "{placed:?}"
    );
    let route = &placed.routes[0];
    assert!(
        route.windows(2).all(|pair| pair[0].x <= pair[1].x),
        "{route:?}"
    );
}

#[test]
fn a_picture_of_nothing_is_empty() {
    let placed = layout(&Scheme::default());
    assert!(placed.rects.is_empty() && placed.routes.is_empty());
}

/// Quadratic work over a few hundred would be felt; this is far from that.
#[test]
fn hundreds_of_items_are_no_trouble() {
    let mut items = vec![item(None, true)];
    items.extend((0..400).map(|_| item(Some(0), false)));
    let lines = (1..400).flat_map(|at| [line(at + 1, at / 2 + 1), line(at + 1, at / 7 + 1)]);
    let placed = layout(&Scheme {
        lines: lines.collect(),
        items,
    });
    let share = placed.width / placed.height;
    assert!(
        (0.2..8.0).contains(&share),
        "{} x {}",
        placed.width,
        placed.height
    );
}
