"""streamlit: an app that its own test harness runs; everything that it shows is a message."""

import logging

logging.disable(logging.CRITICAL)
from streamlit.testing.v1 import AppTest  # noqa: E402


def app():
    import streamlit as st

    st.title("Shop")
    name = st.text_input("Name", "x")
    count = st.slider("Count", 0, 10, 3)
    if st.button("Buy"):
        st.success(f"{name} bought {count}")
    st.selectbox("Kind", ["a", "b"], index=1)
    st.table({"a": [1, 2], "b": ["x", "y"]})
    st.json({"k": [1, {"z": None}]})
    st.error("no")
    with st.sidebar:
        st.checkbox("more", True)
    st.metric("m", 3, -1)
    st.code("print(1)")


test = AppTest.from_function(app, default_timeout=60).run()
print(
    test.title[0].value,
    test.text_input[0].value,
    test.slider[0].value,
    test.selectbox[0].options,
    test.checkbox[0].value,
)
test.text_input[0].set_value("Ann")
test.slider[0].set_value(7)
test.button[0].click()
test.run()
print(test.success[0].value, test.error[0].value, [type(part).__name__ for part in test.main])
for part in (test.title[0], test.slider[0], test.metric[0], test.code[0], test.selectbox[0]):
    proto = part.proto
    print(type(proto).__name__, sorted(field.name for field, _ in proto.ListFields()))
