"""The map: positions, roads, names, and the picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import twinmatch as tm
from twinmatch.reporting import maps, tables
from twinmatch.reporting.bundling import arcs, bundled
from twinmatch.reporting.places import Frame, frame_of, positions, project, squares
from twinmatch.reporting.placing import Crowd


def test_the_centre_is_the_centre():
    """52° N 10° E is where the plane begins; north is up and east is right."""
    assert project([52.0], [10.0]) == pytest.approx(np.zeros((1, 2)), abs=1e-9)
    (north, east) = project([53.0, 52.0], [10.0, 11.0])
    assert north == pytest.approx([0, 111.19], abs=0.01)
    assert east[0] > 60


def test_areas_are_kept():
    """A degree by a degree covers as much of the map as of the globe, in Malta and in Lapland."""
    for lat, lon in ((36, 14), (47, 2), (67, 20)):
        corners = project([lat, lat, lat + 1, lat + 1], [lon, lon + 1, lon + 1, lon])
        x, y = np.vstack([corners, corners[:1]]).T
        area = 0.5 * abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
        globe = 6371.0**2 * np.radians(1) * (np.sin(np.radians(lat + 1)) - np.sin(np.radians(lat)))
        assert area == pytest.approx(globe, rel=2e-4)


def test_unknown_points_have_no_position():
    """Where no point is known there is no position, and no place inside a frame."""
    where = project([np.nan, 48.0], [2.0, np.nan])
    assert np.isnan(where).all()
    assert not Frame(-1, 1, -1, 1).holds(where).any()


def test_the_frame_holds_europe_only(sample):
    """Every school of Europe is inside, and those overseas are not."""
    frame = frame_of(sample.left, sample.right)
    for schools in (sample.left, sample.right):
        lat, lon = schools.numbers("lat"), schools.numbers("lon")
        here = (lat > 34) & (lat < 72) & (lon > -13) & (lon < 36)
        assert (frame.holds(positions(schools)) >= here).all()
    assert not frame.holds(project([-21.1, 16.2], [55.5, -61.5])).any()


def test_a_frame_without_schools_is_a_frame():
    """Schools without points, or none at all, still have a frame of some size."""
    nowhere = tm.Schools.from_frame({"id": ["a"], "country": ["FR"]})
    for schools in (nowhere, nowhere.take([])):
        frame = frame_of(schools)
        assert frame.east - frame.west >= 900
        assert frame.north - frame.south >= 900


def test_squares_are_squares():
    """Two positions share a square where they are in the same 200 km."""
    where = np.array([[1.0, 1.0], [199.0, 199.0], [201.0, 1.0], [-1.0, 1.0]])
    assert squares(where, 200).tolist() == [[0, 0], [0, 0], [1, 0], [-1, 0]]


def parallel(n=12):
    """Return arcs that start and end near each other."""
    spread = np.linspace(-60, 60, n)
    start = np.column_stack([np.zeros(n), spread])
    end = np.column_stack([np.full(n, 1000.0), spread])
    return arcs(start, end)


def test_roads_keep_their_ends():
    """Bundling never moves where a line starts or ends."""
    lines = parallel()
    roads = bundled(lines, np.ones(len(lines)))
    assert roads.shape == lines.shape
    assert roads[:, [0, -1]] == pytest.approx(lines[:, [0, -1]])


def test_roads_are_narrower_than_lines():
    """Lines that go the same way come together in the middle."""
    lines = parallel()
    roads = bundled(lines, np.ones(len(lines)))
    middle = lines.shape[1] // 2
    assert np.ptp(roads[:, middle, 1]) < 0.35 * np.ptp(lines[:, middle, 1])


def test_lonely_lines_stay_where_they_are():
    """A line that has nobody near it is not drawn away."""
    lines = arcs(np.array([[0.0, 0.0], [0.0, 5000.0]]), np.array([[1000.0, 0.0], [1000.0, 5000.0]]))
    roads = bundled(lines, np.ones(2))
    assert np.abs(roads - lines).max() < 250


def test_roads_do_not_change_from_run_to_run():
    """The same lines give the same roads, to the last bit."""
    lines = parallel()
    weight = np.arange(1.0, len(lines) + 1)
    assert (bundled(lines, weight) == bundled(lines, weight)).all()


@pytest.mark.parametrize("lines", [np.zeros((0, 64, 2)), arcs(np.zeros((1, 2)), np.zeros((1, 2)))])
def test_nothing_to_bundle_is_no_error(lines):
    """No line, and a line without length, come back as they are."""
    assert bundled(lines, np.ones(len(lines))) == pytest.approx(lines, abs=1e-6)


def test_names_go_where_there_is_room():
    """A name is near what it names, on the map, and not on what is drawn."""
    crowd = Crowd(Frame(0, 1600, 0, 1600))
    x, y = np.meshgrid(np.linspace(500, 1100, 200), np.linspace(500, 1100, 200))
    crowd.add(np.column_stack([x.ravel(), y.ravel()]), 5.0)
    at = crowd.near(1050, 800, 200, 80)
    assert at[0] > 1190 or not 450 < at[1] < 1150
    assert 100 <= at[0] <= 1500
    second = crowd.near(1050, 800, 200, 80)
    assert abs(at[0] - second[0]) >= 190 or abs(at[1] - second[1]) >= 70


def test_the_map_is_a_picture_of_many_colours(sample):
    """The picture is WebP, of the size that is told, and not empty; it is the same each time."""
    data, (wide, high) = maps.image(sample, "en")
    picture = Image.open(io.BytesIO(data))
    assert (picture.format, picture.size) == ("WEBP", (wide, high))
    assert wide == 1600
    pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert 0.02 < (np.abs(pixels.astype(int) - pixels[0]).sum(axis=1) > 30).mean() < 0.5
    assert data == maps.image(sample, "en")[0]


def test_the_map_says_countries_and_their_pairs(sample):
    """Each partner country is named in the language that is asked for, with its pairs."""
    said = [text.get_text() for text in maps.draw(sample, "fr").axes[0].texts]
    for row in tables.records(tables.partners_by_country(sample)):
        name = {"IT": "Italie", "ES": "Espagne", "DE": "Allemagne", "SE": "Suède"}.get(row["country"])
        if name:
            assert f"{name}\n{row['pairs']}" in said
    assert "hors carte" in said
    assert "La Réunion" in said


def test_wider_lines_stand_for_more_pairs():
    """Widths grow with the root of the pairs, and a few pairs are never as wide as many."""
    widths = maps._width([1, 4, 100, 400], 400)
    assert (np.diff(widths) > 0).all()
    thin = maps._THINNEST
    assert (widths[3] - thin) / (widths[2] - thin) == pytest.approx(2)
    assert maps._width([1], 1)[0] < 0.3 * maps._WIDEST


def test_places_beyond_the_map_do_not_touch(sample):
    """Places beyond the map stand in a column, one below the other, at its edge."""
    frame = frame_of(sample.left, sample.right)
    roads = maps._roads(sample, frame, Crowd(frame))
    where = list(roads.beyond.values())
    assert len(where) > 3
    assert len({x for x, _ in where}) == 1
    assert (np.diff([y for _, y in where]) < -15 * maps._point(frame)).all()
    assert frame.holds(np.array(where)).all()
