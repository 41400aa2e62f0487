use std::borrow::{Borrow, Cow};

/// A list of numbers as an optional argument: `None`, an array, a slice or a `Vec`.
///
/// `None` leaves out the field; an empty list is sent as an empty list.
///
/// ```
/// use rtm_client::types::mtype;
/// use rtm_client::{ClientOptions, RtmClient, reply};
///
/// let client = RtmClient::new(ClientOptions::new(1).endpoint("127.0.0.1:13321"));
/// let mine = vec![66, 67];
/// client.get_p2p_conversation_list(None, &mine, None, reply::ignore);
/// client.get_p2p_conversation_list(None, [mtype::CHAT, mtype::AUDIO], None, reply::ignore);
/// client.get_p2p_conversation_list(None, None, None, reply::ignore);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionalList<'a>(Option<Cow<'a, [i64]>>);

impl OptionalList<'_> {
    /// The numbers, if there is a list.
    ///
    /// ```
    /// use rtm_client::types::OptionalList;
    ///
    /// assert_eq!(OptionalList::from([30, 31]).as_slice(), Some(&[30, 31][..]));
    /// assert_eq!(OptionalList::from([]).as_slice(), Some(&[][..])); // an empty list is one
    /// assert_eq!(OptionalList::from(None).as_slice(), None);
    /// ```
    pub fn as_slice(&self) -> Option<&[i64]> {
        self.0.as_deref()
    }
}

// Not for `Option<Vec<i64>>` as well: a plain `None` could then be either.
impl<'a> From<Option<&'a [i64]>> for OptionalList<'a> {
    fn from(list: Option<&'a [i64]>) -> Self {
        OptionalList(list.map(Cow::Borrowed))
    }
}

impl<'a> From<&'a [i64]> for OptionalList<'a> {
    fn from(list: &'a [i64]) -> Self {
        OptionalList(Some(Cow::Borrowed(list)))
    }
}

impl<'a, const N: usize> From<&'a [i64; N]> for OptionalList<'a> {
    fn from(list: &'a [i64; N]) -> Self {
        OptionalList(Some(Cow::Borrowed(list)))
    }
}

impl<'a> From<&'a Vec<i64>> for OptionalList<'a> {
    fn from(list: &'a Vec<i64>) -> Self {
        OptionalList(Some(Cow::Borrowed(list)))
    }
}

impl<const N: usize> From<[i64; N]> for OptionalList<'_> {
    fn from(list: [i64; N]) -> Self {
        OptionalList(Some(Cow::Owned(list.to_vec())))
    }
}

impl From<Vec<i64>> for OptionalList<'_> {
    fn from(list: Vec<i64>) -> Self {
        OptionalList(Some(Cow::Owned(list)))
    }
}

/// The ids of a list in any form.
pub(crate) fn ids(list: impl IntoIterator<Item = impl Borrow<i64>>) -> Vec<i64> {
    list.into_iter().map(|id| *id.borrow()).collect()
}

/// The pairs of a list in any form.
pub(crate) fn pairs<K: AsRef<str>, V: AsRef<str>>(
    list: impl IntoIterator<Item = impl Borrow<(K, V)>>,
) -> Vec<(String, String)> {
    let owned = |(key, value): &(K, V)| (key.as_ref().to_owned(), value.as_ref().to_owned());
    list.into_iter().map(|pair| owned(pair.borrow())).collect()
}
