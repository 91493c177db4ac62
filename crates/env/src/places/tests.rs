use std::{io, pin::pin};

use http_body::Frame;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::{
    usage::{Group, Overdue, Rest, makes_way},
    *,
};
use crate::{Accept, BoxFuture, Moment, SystemClock};

const LIMITS: Limits = Limits {
    connections_max: 4,
    first_byte_max: Duration::from_secs(5),
    first_request_max: Duration::from_secs(10),
    idle_max: Duration::from_secs(180),
    unread_max: Duration::from_secs(60),
    stalled_max: Duration::from_secs(15),
};

fn at(seconds: u64) -> Moment {
    Moment::new(Duration::from_secs(seconds))
}

fn rest(id: u64, group: Group, since: u64) -> (u64, Rest) {
    let since = at(since);
    (id, Rest { group, since })
}

#[test]
fn the_larger_group_pays_and_what_goes_on_pays_last() {
    use Group::{New, Served, Streaming};
    let mut may_go = vec![
        rest(0, Streaming, 0),
        rest(1, Served, 3),
        rest(2, Served, 2),
        rest(3, Served, 4),
        rest(4, New, 1),
        rest(5, New, 9),
    ];
    // As many are left of both when 2 is gone: then those pay who never got an answer.
    for expected in [2, 4, 1, 5, 3, 0] {
        assert_eq!(makes_way(&may_go), Some(expected), "{may_go:?}");
        may_go.retain(|(id, _)| *id != expected);
    }
    assert_eq!(makes_way(&may_go), None);
}

#[test]
fn silent_peers_do_not_push_out_those_who_are_served() {
    let mut open: Vec<_> = (0..50).map(|id| rest(id, Group::Served, id)).collect();
    open.extend((50..100).map(|id| rest(id, Group::New, id)));
    for id in 100..1000 {
        let gone = makes_way(&open).unwrap();
        open.retain(|(id, _)| *id != gone);
        open.push(rest(id, Group::New, id));
    }
    let served = open.iter().filter(|(_, one)| one.group == Group::Served);
    assert_eq!(served.count(), 50);
}

#[test]
fn newcomers_do_not_push_out_each_other_where_many_rest() {
    let mut open: Vec<_> = (0..100).map(|id| rest(id, Group::Served, id)).collect();
    for id in 100..150 {
        let gone = makes_way(&open).unwrap();
        assert!(gone < 100, "{gone} had no time to ask");
        open.retain(|(id, _)| *id != gone);
        open.push(rest(id, Group::New, id));
    }
}

#[test]
fn what_is_worked_on_keeps_its_place_unless_it_is_stalled() {
    let mut usage = Usage::new(at(0));
    let stalled_max = LIMITS.stalled_max;
    assert!(usage.rest(at(0), stalled_max).is_some());
    usage.working = 1;
    assert_eq!(usage.rest(at(14), stalled_max), None);
    usage.moved(at(14));
    assert_eq!(usage.rest(at(28), stalled_max), None);
    // What moved is not what was of use.
    let (group, since) = (Group::New, at(0));
    let stalled = Rest { group, since };
    assert_eq!(usage.rest(at(29), stalled_max), Some(stalled));
    assert_eq!(usage.rest(at(1 << 40), Duration::MAX), None);
    usage.working = 0;
    usage.answered(at(30));
    let (group, since) = (Group::Served, at(30));
    assert_eq!(usage.rest(at(30), stalled_max), Some(Rest { group, since }));
}

#[test]
fn each_silence_has_its_limit() {
    let mut usage = Usage::new(at(0));
    assert_eq!(usage.due(&LIMITS), (at(5), Overdue::FirstByte));
    usage.moved(at(4));
    assert_eq!(usage.due(&LIMITS), (at(10), Overdue::FirstRequest));
    usage.asked();
    assert_eq!(usage.due(&LIMITS), (at(184), Overdue::Idle));
    let slow = usage.unread(None, at(100));
    let quiet = usage.unread(None, at(90));
    assert_ne!(slow, quiet);
    assert_eq!(usage.due(&LIMITS), (at(150), Overdue::Unread));
    usage.read(quiet);
    assert_eq!(usage.due(&LIMITS), (at(160), Overdue::Unread));
    assert_eq!(usage.unread(Some(slow), at(120)), slow);
    usage.moved(at(175));
    assert_eq!(usage.due(&LIMITS), (at(180), Overdue::Unread));
    usage.read(slow);
    assert_eq!(usage.due(&LIMITS), (at(355), Overdue::Idle));
}

/// Connections in memory, and now and then none.
#[derive(Debug)]
struct Pipes(Vec<Option<DuplexStream>>);

impl Accept for Pipes {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(Stream, SocketAddr)>> {
        let next = self.0.pop();
        Box::pin(async move {
            match next {
                Some(Some(pipe)) => Ok((Stream::new(pipe), ([127, 0, 0, 1], 1).into())),
                Some(None) => Err(io::Error::other("no descriptors left")),
                None => std::future::pending().await,
            }
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(([127, 0, 0, 1], 2).into())
    }
}

/// So many connections to a server, and its listener.
fn pipes(count: usize) -> (Vec<DuplexStream>, Listener) {
    let pairs = (0..count).map(|_| tokio::io::duplex(1024));
    let (ours, theirs): (Vec<_>, Vec<_>) = pairs.unzip();
    let mut waiting = vec![None];
    waiting.extend(theirs.into_iter().rev().map(Some));
    waiting.push(None);
    (ours, Box::new(Pipes(waiting)))
}

fn places(connections_max: usize) -> Arc<Places> {
    let limits = Limits {
        connections_max,
        ..LIMITS
    };
    Places::new(limits, Arc::new(SystemClock::new()))
}

async fn not_yet<T>(future: impl Future<Output = T>) {
    let waited = tokio::time::timeout(Duration::from_secs(1), future).await;
    assert!(waited.is_err(), "too early");
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_waits_until_the_other_one_is_gone() {
    let (_peers, mut listener) = pipes(3);
    let places = places(2);
    let (_, _, first) = places.accept(&mut listener).await;
    let (_, _, second) = places.accept(&mut listener).await;
    let (at_work, also) = (first.activity().working(), second.activity().working());
    let mut newcomer = pin!(places.accept(&mut listener));
    not_yet(newcomer.as_mut()).await;
    assert!(!first.activity().is_closing() && !second.activity().is_closing());
    drop((at_work, also));
    // One alone has to go, and has not gone yet.
    not_yet(newcomer.as_mut()).await;
    assert!(first.activity().is_closing() && !second.activity().is_closing());
    first.serve(std::future::pending()).await;
    newcomer.await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_when_nothing_moves_for_long() {
    let (mut peers, mut listener) = pipes(1);
    let (mut stream, _, place) = places(1).accept(&mut listener).await;
    let began = tokio::time::Instant::now();
    let activity = place.activity().clone();
    let answered = async { Ok::<_, ()>(Response::new(String::new())) };
    activity.answer(answered).await.unwrap();
    let mut peer = peers.remove(0);
    let talk = async move {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(4)).await;
            peer.write_all(b"?").await.unwrap();
            stream.read_u8().await.unwrap();
        }
        std::future::pending().await
    };
    place.serve(talk).await;
    assert_eq!(began.elapsed(), Duration::from_secs(12) + LIMITS.idle_max);
}

/// A body without end.
struct Endless;

impl Body for Endless {
    type Data = &'static [u8];
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<&'static [u8]>, Self::Error>>> {
        std::task::Poll::Ready(Some(Ok(Frame::data(b"part"))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_when_an_answer_is_not_read_on_whatever_else_moves() {
    let (mut peers, mut listener) = pipes(1);
    let (mut stream, _, place) = places(1).accept(&mut listener).await;
    let began = tokio::time::Instant::now();
    let activity = place.activity().clone();
    let talk = async move {
        let answer = activity.answer(async { Ok::<_, ()>(Response::new(Endless)) });
        let mut answer = answer.await.unwrap().into_body();
        for _ in 0..9 {
            stream.write_u8(0).await.unwrap();
            tokio::time::sleep(Duration::from_secs(59)).await;
            std::future::poll_fn(|cx| std::pin::Pin::new(&mut answer).poll_frame(cx)).await;
        }
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            stream.write_u8(0).await.unwrap();
        }
    };
    let mut peer = peers.remove(0);
    let reading = tokio::spawn(async move { peer.read_to_end(&mut Vec::new()).await });
    place.serve(talk).await;
    let expected = Duration::from_secs(9 * 59) + LIMITS.unread_max;
    assert_eq!(began.elapsed(), expected);
    assert!(reading.await.unwrap().unwrap() > 50);
}
