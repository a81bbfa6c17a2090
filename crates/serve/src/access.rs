//! Access: who may ask for what.
//!
//! A program shows the token (`Authorization: Bearer …`). A browser shows a cookie, which it gets for a key that opens the page once.
//! The cookie lets it look; what changes something wants the token, so that no other page can have a browser do it. A name that an
//! attacker has pointed at this address (DNS rebinding) is told by the Host header: it must be an address or `localhost`.
//!
//! Invariant: secrets are compared in a time that does not depend on what they are.

use http::header::{self, HeaderMap};
use http::uri::Authority;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard};

use crate::problem::{Kind, Problem};
use crate::random::random_word;

/// Keys that were made and not used, at most.
const MOST_KEYS: usize = 32;

/// Browsers that were let in, at most: the oldest is forgotten.
const MOST_COOKIES: usize = 256;

/// What a request needs to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    /// The token or the page's cookie.
    Look,
    Token,
}

/// Who may ask for what.
pub struct Access {
    token: String,
    /// Where the server listens.
    address: SocketAddr,
    /// Keys that open the page, each once.
    keys: Mutex<BTreeSet<String>>,
    /// Of browsers that were let in.
    cookies: Mutex<Vec<String>>,
}

impl Access {
    /// `address`: where the server listens.
    pub fn new(token: String, address: SocketAddr) -> Self {
        Self { token, address, keys: Mutex::default(), cookies: Mutex::default() }
    }

    /// An address that opens the page in a browser, once.
    pub fn link(&self) -> String {
        let key = random_word(16);
        let mut keys = locked(&self.keys);
        if keys.len() >= MOST_KEYS {
            keys.pop_first();
        }
        keys.insert(key.clone());
        format!("{}/open?key={key}", self.url())
    }

    /// `http://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
                IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
            });
        }
        format!("http://{address}")
    }

    /// The cookie for a key, which is used up.
    pub(crate) fn open(&self, key: &str) -> Option<String> {
        let mut keys = locked(&self.keys);
        let found = keys.iter().find(|known| is_same(known, key)).cloned()?;
        keys.remove(&found);
        let cookie = random_word(32);
        let mut cookies = locked(&self.cookies);
        if cookies.len() >= MOST_COOKIES {
            cookies.remove(0);
        }
        cookies.push(cookie.clone());
        Some(format!("{}={cookie}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name()))
    }

    /// Whether a request may be answered at all: it is for this server, and of no other page.
    pub(crate) fn check_place(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        let host = host.filter(|_| hosts.next().is_none()).unwrap_or_default();
        if !self.is_here(host) {
            let hint = format!("ask {}", self.url());
            return Err(Problem::new(Kind::WrongHost, "this is not the host of the request")
                .with_hint(hint));
        }
        let origins = headers.get_all(header::ORIGIN);
        let own = format!("http://{host}");
        if origins.iter().any(|origin| !origin.as_bytes().eq_ignore_ascii_case(own.as_bytes())) {
            let message = "the request comes from a page of another origin";
            return Err(Problem::new(Kind::Forbidden, message));
        }
        Ok(())
    }

    /// Whether a request shows what it needs to.
    pub(crate) fn check(&self, headers: &HeaderMap, needs: Needs) -> Result<(), Problem> {
        let is_shown = match needs {
            Needs::Nothing => true,
            Needs::Look => self.shows_token(headers) || self.shows_cookie(headers),
            Needs::Token => self.shows_token(headers),
        };
        if is_shown {
            return Ok(());
        }
        let hint = "send `Authorization: Bearer TOKEN`; the token is in the file that --token-file names, or on \
                    the terminal of `windlass serve`";
        Err(Problem::new(Kind::Unauthorized, "the token is missing or wrong").with_hint(hint))
    }

    fn shows_token(&self, headers: &HeaderMap) -> bool {
        let mut shown = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (shown.next(), shown.next()) else { return false };
        let Some((scheme, token)) = value.to_str().ok().and_then(|text| text.split_once(' '))
        else {
            return false;
        };
        scheme.eq_ignore_ascii_case("bearer") && is_same(&self.token, token.trim())
    }

    fn shows_cookie(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie_name();
        let known = locked(&self.cookies);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs =
            lines.flat_map(|line| line.split(';')).filter_map(|one| one.split_once('='));
        pairs.any(|(key, value)| {
            // All are compared, so that the time does not tell which it is.
            key.trim() == name
                && known.iter().fold(false, |found, one| found | is_same(one, value.trim()))
        })
    }

    /// Cookies do not know of ports, and there may be several servers.
    fn cookie_name(&self) -> String {
        format!("windlass-{}", self.address.port())
    }

    /// Whether a Host header means this server.
    fn is_here(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        if authority.as_str().contains('@')
            || authority.port_u16().unwrap_or(80) != self.address.port()
        {
            return false;
        }
        let name = authority.host();
        if name.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let Ok(ip) = bare.parse::<IpAddr>() else { return false };
        // Who listens for everybody does not know by which of its addresses it is called.
        !self.address.ip().is_loopback() || ip.is_loopback()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("invariant: nothing that holds it can panic")
}

/// Whether two secrets are the same. The time depends on their lengths alone.
fn is_same(known: &str, shown: &str) -> bool {
    if known.len() != shown.len() {
        return false;
    }
    let differing = known.bytes().zip(shown.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(address: &str) -> Access {
        Access::new("secret-token".to_owned(), address.parse().unwrap())
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn who_is_asked() {
        let local = ["127.0.0.1:80", "127.0.0.1:4000", "[::1]:4000", "0.0.0.0:4000"];
        for (host, expected) in [
            ("127.0.0.1:4000", [false, true, true, true]),
            ("127.0.0.1", [true, false, false, false]),
            ("localhost:4000", [false, true, true, true]),
            ("LocalHost:4000", [false, true, true, true]),
            ("[::1]:4000", [false, true, true, true]),
            ("10.0.0.7:4000", [false, false, false, true]),
            ("evil.example:4000", [false; 4]),
            ("localhost.evil.example:4000", [false; 4]),
            ("127.0.0.1.evil.example:4000", [false; 4]),
            ("user@127.0.0.1:4000", [false; 4]),
            ("127.0.0.1:4001", [false; 4]),
            ("", [false; 4]),
            ("127.0.0.1:4000/x", [false; 4]),
        ] {
            for (address, expected) in local.iter().zip(expected) {
                let place = access(address).check_place(&headers(&[("host", host)]));
                assert_eq!(place.is_ok(), expected, "{host:?} at {address}");
            }
        }
        let access = access("127.0.0.1:4000");
        assert!(access.check_place(&HeaderMap::new()).is_err());
        let twice = [("host", "127.0.0.1:4000"), ("host", "evil.example")];
        assert!(access.check_place(&headers(&twice)).is_err());
    }

    #[test]
    fn another_page_is_refused() {
        let access = access("127.0.0.1:4000");
        for (origin, expected) in [
            ("http://127.0.0.1:4000", true),
            ("http://evil.example", false),
            ("http://127.0.0.1:4001", false),
            ("https://127.0.0.1:4000", false),
            ("null", false),
        ] {
            let headers = headers(&[("host", "127.0.0.1:4000"), ("origin", origin)]);
            assert_eq!(access.check_place(&headers).is_ok(), expected, "{origin}");
        }
    }

    #[test]
    fn what_is_shown() {
        let access = access("127.0.0.1:4000");
        let may = |headers: &HeaderMap, needs| access.check(headers, needs).is_ok();
        for (value, expected) in [
            ("Bearer secret-token", true),
            ("bearer  secret-token", true),
            ("Bearer secret-tokeN", false),
            ("Bearer secret-toke", false),
            ("Bearer ", false),
            ("Basic secret-token", false),
            ("secret-token", false),
        ] {
            let headers = headers(&[("authorization", value)]);
            assert_eq!(may(&headers, Needs::Token), expected, "{value}");
            assert_eq!(may(&headers, Needs::Look), expected, "{value}");
            assert!(may(&headers, Needs::Nothing));
        }
        let twice = [("authorization", "Bearer secret-token"), ("authorization", "Bearer x")];
        assert!(!may(&headers(&twice), Needs::Token));
    }

    #[test]
    fn a_key_opens_once_and_its_cookie_only_looks() {
        let access = access("127.0.0.1:4000");
        let link = access.link();
        let (url, key) = link.split_once("/open?key=").unwrap();
        assert_eq!(url, "http://127.0.0.1:4000");
        assert!(access.open("").is_none() && access.open(&key[1..]).is_none());
        let cookie = access.open(key).unwrap();
        assert!(access.open(key).is_none());
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"));
        let pair = cookie.split(';').next().unwrap();
        let shown = headers(&[("cookie", &format!("other=1; {pair}"))]);
        assert!(access.check(&shown, Needs::Look).is_ok());
        assert!(access.check(&shown, Needs::Token).is_err());
        let wrong = headers(&[("cookie", &pair.replace('=', "=0"))]);
        assert!(access.check(&wrong, Needs::Look).is_err());
    }
}
