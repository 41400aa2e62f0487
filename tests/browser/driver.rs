//! A headless Chromium, driven by chromedriver over HTTP.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1440,1050",
];

pub(crate) struct Browser {
    driver: Child,
    address: String,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// `None` where there is no browser.
    pub(crate) fn start() -> Option<Browser> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let chromium = find(&["chromium", "chromium-browser", "google-chrome"])?;
        let driver = find(&["chromedriver"])?;
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let lines = BufReader::new(driver.stdout.take()?).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let port = line.split_once("started successfully on port ")?.1;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver says its port");
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let profile = format!("rtm-browser-{}-{number}", std::process::id());
        let profile = std::env::temp_dir().join(profile);
        let mut browser = Browser {
            driver,
            address: format!("127.0.0.1:{port}"),
            session: String::new(),
            profile,
        };
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", browser.profile.display()));
        let options = json!({"binary": chromium, "args": flags});
        let wanted = json!({"goog:chromeOptions": options, "acceptInsecureCerts": true});
        let wanted = json!({"capabilities": {"alwaysMatch": wanted}});
        let session = browser.ask("POST", "/session", &wanted);
        let session = session["sessionId"].as_str().expect("a session");
        browser.session = format!("/session/{session}");
        Some(browser)
    }

    pub(crate) fn go(&self, url: impl AsRef<str>) {
        let path = format!("{}/url", self.session);
        self.ask("POST", &path, &json!({"url": url.as_ref()}));
    }

    /// What a script on the page returns.
    pub(crate) fn run(&self, script: &str, args: Value) -> Value {
        let path = format!("{}/execute/sync", self.session);
        self.ask("POST", &path, &json!({"script": script, "args": args}))
    }

    /// What a script on the page gives to `done`, its last argument.
    pub(crate) fn wait_for(&self, script: &str, args: Value) -> Value {
        let path = format!("{}/execute/async", self.session);
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        self.ask("POST", &path, &json!({"script": script, "args": args}))
    }

    /// Makes the window as small as that of a phone.
    pub(crate) fn be_a_phone(&self) {
        let path = format!("{}/goog/cdp/execute", self.session);
        let screen = json!({"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true});
        let command = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": screen});
        self.ask("POST", &path, &command);
    }

    /// A PNG of the page.
    pub(crate) fn screenshot(&self) -> Vec<u8> {
        let picture = self.ask("GET", &format!("{}/screenshot", self.session), &Value::Null);
        let base64 = picture.as_str().expect("a picture");
        data_encoding::BASE64.decode(base64.as_bytes()).expect("base64")
    }

    fn ask(&self, verb: &str, path: &str, body: &Value) -> Value {
        let answer = self.exchange(verb, path, body).expect("chromedriver answers");
        let value = answer["value"].clone();
        assert!(value.get("error").is_none(), "{path}: {value}");
        value
    }

    fn exchange(&self, verb: &str, path: &str, body: &Value) -> io::Result<Value> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        write!(
            stream,
            "{verb} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        let mut reader = BufReader::new(stream);
        let mut len = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                len = value.trim().parse().unwrap_or(0);
            }
        }
        let mut answer = vec![0; len];
        reader.read_exact(&mut answer)?;
        Ok(serde_json::from_slice(&answer)?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Without it the browser would outlive its driver.
        let _ = self.exchange("DELETE", &self.session, &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path);
    places.find_map(|place| names.iter().map(|name| place.join(name)).find(|file| file.is_file()))
}
