from trimtab.logs.patterns.vocabulary import Slot, Vocabulary


def test_of_a_log_of_random_words_the_forms_with_most_lines_are_learnt() -> None:
    noise = [Slot(f"{at:x}word {at * 7919 % 1013:x}other", 1, 1, "") for at in range(3000)]
    said = Slot("cannot open the door", 0, 50, "cannot open the door")
    vocabulary = Vocabulary(1)
    learnt = vocabulary.take([*noise, said])
    assert vocabulary.match("cannot open the door") in learnt.new
    assert len(vocabulary.known) <= 100
