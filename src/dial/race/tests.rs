//! The race over invented networks: the behaviour of each address, and its times, are known beforehand.

use proptest::prelude::*;

use super::*;

const MS: Time = 1_000_000;

/// What becomes of an attempt; times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing is ever heard of it.
    Dead,
    /// It is refused after that time.
    Refuses(u64),
    /// It connects after that time, and then, after that time, opens, fails or falls silent.
    Opens(u64, u64),
    Fails(u64, u64),
    Stalls(u64),
}

/// A gate of a network: how long the lookup of its name takes, if it has one and it ends, and its addresses.
#[derive(Clone, Debug)]
struct Place {
    lookup: Option<Option<u64>>,
    fates: Vec<Fate>,
}

fn literal(fate: Fate) -> Place {
    Place { lookup: None, fates: vec![fate] }
}

fn named(lookup: Option<u64>, fates: &[Fate]) -> Place {
    Place { lookup: Some(lookup), fates: fates.to_vec() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    LookedUp(usize),
    Connected(Candidate),
    Opened(Candidate),
    Failed(Candidate),
}

/// What happened, until a connection was open or there was nothing to wait for.
#[derive(Debug, Default)]
struct Story {
    /// When each was begun.
    begun: Vec<(Time, Candidate)>,
    looked_up: Vec<(Time, usize)>,
    opened: Option<(Time, Candidate)>,
    /// When all was over, if it was.
    over: Option<Time>,
    most_connecting: usize,
}

/// Plays until that time at the most.
fn play(places: &[Place], until: Time) -> Story {
    let address = |gate: usize, n: usize| -> SocketAddr {
        SocketAddr::from(([10, 0, gate as u8, n as u8], 1))
    };
    let all = |gate: usize| (0..places[gate].fates.len()).map(move |n| address(gate, n));
    let gates = places.iter().enumerate().map(|(gate, place)| match place.lookup {
        Some(_) => Gate::Named,
        None => Gate::Known(all(gate).collect()),
    });
    let mut race = Race::new(gates.collect());
    let fate = |of: Candidate| {
        let SocketAddr::V4(v4) = of.address else { panic!("no IPv6 here") };
        places[of.gate].fates[usize::from(v4.ip().octets()[3])]
    };
    let (mut now, mut story, mut events) = (0, Story::default(), Vec::<(Time, Event)>::new());
    loop {
        let wait = loop {
            match race.next(now) {
                Next::LookUp(gate) => {
                    story.looked_up.push((now, gate));
                    let took = places[gate].lookup.expect("it has a name");
                    events.extend(took.map(|took| (now + took * MS, Event::LookedUp(gate))));
                }
                Next::Connect(one) => {
                    story.begun.push((now, one));
                    match fate(one) {
                        Fate::Dead => {}
                        Fate::Refuses(after) => events.push((now + after * MS, Event::Failed(one))),
                        Fate::Opens(after, _) | Fate::Fails(after, _) | Fate::Stalls(after) => {
                            events.push((now + after * MS, Event::Connected(one)));
                        }
                    }
                }
                Next::Wait(at) => break at,
                Next::Over => {
                    story.over = Some(now);
                    return story;
                }
            }
        };
        assert!(wait > now, "waits for the past");
        story.most_connecting = story.most_connecting.max(race.connecting.len());
        let next = events.iter().map(|(at, _)| *at).min();
        now = wait.min(next.unwrap_or(NEVER));
        if now >= until {
            return story;
        }
        let Some(at) = events.iter().position(|(at, _)| *at == now) else { continue };
        match events.remove(at).1 {
            Event::LookedUp(gate) => race.looked_up(gate, all(gate)),
            Event::Failed(one) => race.failed(one),
            Event::Opened(one) => {
                story.opened = Some((now, one));
                return story;
            }
            Event::Connected(one) => {
                let others: Vec<_> =
                    race.connecting.iter().copied().filter(|o| *o != one).collect();
                let of_others = |event: &Event| match event {
                    Event::Connected(other) | Event::Failed(other) => others.contains(other),
                    _ => false,
                };
                events.retain(|(_, event)| !of_others(event));
                match fate(one) {
                    Fate::Opens(took, then) => {
                        race.connected(one, now, took * MS);
                        events.push((now + then * MS, Event::Opened(one)));
                    }
                    Fate::Fails(took, then) => {
                        race.connected(one, now, took * MS);
                        events.push((now + then * MS, Event::Failed(one)));
                    }
                    Fate::Stalls(took) => race.connected(one, now, took * MS),
                    other => panic!("{other:?} connects"),
                }
            }
        }
    }
}

fn opened_after(places: &[Place]) -> Option<u64> {
    play(places, 30_000 * MS).opened.map(|(at, _)| at / MS)
}

#[test]
fn dead_addresses_cost_a_quarter_of_a_second_each() {
    let live = Fate::Opens(1, 2);
    for dead in 0..9 {
        let mut fates = vec![Fate::Dead; dead];
        fates.push(live);
        let expected = Some(dead as u64 * 250 + 3);
        assert_eq!(opened_after(&[named(Some(0), &fates)]), expected, "{dead} dead");
        let gates: Vec<_> = fates.into_iter().map(literal).collect();
        assert_eq!(opened_after(&gates), expected, "{dead} dead gates");
    }
}

#[test]
fn refused_ones_cost_no_time() {
    let fates = [Fate::Refuses(1), Fate::Refuses(1), Fate::Fails(1, 1), Fate::Opens(1, 1)];
    assert_eq!(opened_after(&[named(Some(5), &fates)]), Some(11));
}

#[test]
fn a_name_that_is_not_found_holds_up_nobody() {
    let live = literal(Fate::Opens(1, 1));
    assert_eq!(opened_after(&[named(None, &[]), live.clone()]), Some(252));
    // Once it is found after all, its addresses go first.
    let late = named(Some(400), &[Fate::Opens(1, 1)]);
    assert_eq!(opened_after(&[late, literal(Fate::Dead), literal(Fate::Dead)]), Some(402));
    assert_eq!(opened_after(&[named(None, &[])]), None);
    assert_eq!(play(&[named(Some(1), &[])], NEVER).over, Some(MS));
}

#[test]
fn one_that_stalls_is_followed_and_goes_on() {
    let live = literal(Fate::Opens(1, 1));
    assert_eq!(opened_after(&[literal(Fate::Stalls(1)), live.clone()]), Some(303));
    // On a slow link, later.
    assert_eq!(opened_after(&[literal(Fate::Stalls(300)), live.clone()]), Some(252));
    assert_eq!(opened_after(&[literal(Fate::Stalls(200)), live.clone()]), Some(200 + 800 + 2));
    // It may still win.
    assert_eq!(opened_after(&[literal(Fate::Opens(1, 2000)), literal(Fate::Dead)]), Some(2001));
}

#[test]
fn who_connects_first_sends_the_others_back() {
    let places = [literal(Fate::Opens(260, 10)), literal(Fate::Fails(5, 100)), literal(Fate::Dead)];
    let story = play(&places, NEVER);
    let begun: Vec<_> = story.begun.iter().map(|(at, one)| (at / MS, one.gate)).collect();
    // The second connects at 255 and fails at 355.
    assert_eq!(begun, [(0, 0), (250, 1), (355, 0), (605, 2)]);
    assert_eq!(story.opened.map(|(at, one)| (at / MS, one.gate)), Some((625, 0)));
}

fn fates() -> impl Strategy<Value = Fate> {
    let time = || prop_oneof![0..20_u64, 0..2000_u64];
    prop_oneof![
        Just(Fate::Dead),
        time().prop_map(Fate::Refuses),
        (time(), time()).prop_map(|(connect, then)| Fate::Opens(connect, then)),
        (time(), time()).prop_map(|(connect, then)| Fate::Fails(connect, then)),
        time().prop_map(Fate::Stalls),
    ]
}

fn networks() -> impl Strategy<Value = Vec<Place>> {
    let lookup = prop_oneof![Just(None), (0..3000_u64).prop_map(Some)];
    let named = (lookup, prop::collection::vec(fates(), 0..5))
        .prop_map(|(lookup, fates)| Place { lookup: Some(lookup), fates });
    prop::collection::vec(prop_oneof![fates().prop_map(literal), named], 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// One that would open is found, however many others fail, fall silent or are never found. Those that connect and
    /// stall may send a slow one back now and then: that is what the time is for.
    #[test]
    fn a_live_one_is_found(places in networks(), live in 0..200_u64, at in 0..6_usize) {
        let mut places = places;
        let at = at.min(places.len());
        places.insert(at, literal(Fate::Opens(live, live)));
        let story = play(&places, 300_000 * MS);
        prop_assert!(story.opened.is_some(), "{story:?}");
        prop_assert_eq!(story.over, None);
    }

    /// Where none opens, each has been tried when all is over, once unless it was sent back.
    #[test]
    fn all_are_tried_before_all_is_over(places in networks()) {
        let story = play(&places, 300_000 * MS);
        let sent_back = |fate: &Fate| !matches!(fate, Fate::Dead | Fate::Refuses(_));
        let may_repeat = places.iter().flat_map(|place| &place.fates).any(sent_back);
        if !may_repeat {
            let mut seen = Vec::new();
            for (_, one) in &story.begun {
                prop_assert!(!seen.contains(one), "twice: {one:?}");
                seen.push(*one);
            }
        }
        if story.opened.is_none() {
            for (number, place) in places.iter().enumerate() {
                let found = place.lookup != Some(None);
                let begun: std::collections::HashSet<_> = story.begun.iter()
                    .filter(|(_, one)| one.gate == number).map(|(_, one)| one.address).collect();
                prop_assert_eq!(begun.len(), if found { place.fates.len() } else { 0 });
            }
        }
        let dead = |place: &Place| place.lookup == Some(None)
            || place.fates.iter().any(|fate| matches!(fate, Fate::Dead | Fate::Stalls(_)));
        prop_assert_eq!(story.over.is_some(), story.opened.is_none() && !places.iter().any(dead));
    }

    /// Nobody is faster than the first where the first is quick.
    #[test]
    fn a_quick_first_one_is_alone(places in networks(), connect in 0..250_u64, then in 0..300_u64) {
        let mut places = places;
        places.insert(0, literal(Fate::Opens(connect, then)));
        let story = play(&places, NEVER);
        prop_assert_eq!(story.begun.len(), 1);
        prop_assert_eq!(story.looked_up.len(), 0);
        prop_assert_eq!(story.opened.map(|(at, _)| at / MS), Some(connect + then));
    }

    /// At most one begins in a quarter of a second, unless something has ended meanwhile.
    #[test]
    fn attempts_keep_their_distance(fates in prop::collection::vec(Just(Fate::Dead), 1..40)) {
        let story = play(&[named(Some(3), &fates)], 30_000 * MS);
        let times: Vec<_> = story.begun.iter().map(|(at, _)| *at).collect();
        prop_assert_eq!(times.len(), fates.len());
        prop_assert!(times.windows(2).all(|pair| pair[1] - pair[0] == STAGGER), "{times:?}");
    }
}
