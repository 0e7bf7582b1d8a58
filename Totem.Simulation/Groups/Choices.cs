namespace Totem.Simulation.Groups;

/// <summary>
/// Every course that a run with choices can take: the run is repeated with other answers until each has been given
/// everywhere (stateless model checking).
/// </summary>
internal sealed class Choices
{
    private readonly List<(int Answer, int Count)> _path = [];
    private int _depth;

    /// <summary>The answers of this run, to repeat it.</summary>
    public string Path => string.Join(' ', _path.Take(_depth).Select(x => x.Answer));

    /// <summary>Runs until there is no other course; returns how many there were.</summary>
    public static long Explore(Action<Choices> run)
    {
        var choices = new Choices();
        var courses = 0L;
        do
        {
            choices._depth = 0;
            run(choices);
            courses++;
        }
        while (choices.Advance());
        return courses;
    }

    /// <summary>Runs one course again.</summary>
    public static void Replay(string path, Action<Choices> run)
    {
        var choices = new Choices();
        choices._path.AddRange(path.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(x => (int.Parse(x, System.Globalization.CultureInfo.InvariantCulture), int.MaxValue)));
        run(choices);
    }

    /// <summary>One of <paramref name="count"/> answers, from 0.</summary>
    public int Choose(int count)
    {
        if (_depth == _path.Count)
            _path.Add((0, count));
        return _path[_depth++].Answer;
    }

    private bool Advance()
    {
        _path.RemoveRange(_depth, _path.Count - _depth);
        while (_path.Count > 0)
        {
            var (answer, count) = _path[^1];
            if (answer + 1 < count)
            {
                _path[^1] = (answer + 1, count);
                return true;
            }

            _path.RemoveAt(_path.Count - 1);
        }

        return false;
    }
}
