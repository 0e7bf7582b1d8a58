namespace Totem.Bench.Report;

/// <summary>From numbers to places on an axis.</summary>
internal sealed class ChartScale
{
    private const int LinearTicks = 6;
    private const double DecadesForHalves = 2.5;

    private const double Inset = 0.04;
    private static readonly double[] RoundSteps = [1, 2, 5, 10];

    private readonly bool _isLogarithmic;
    private readonly double _inset;
    private readonly double _from;
    private readonly double _to;

    /// <summary>A scale that has room for all these numbers, with ticks.</summary>
    public ChartScale(ChartAxis axis, IEnumerable<double> numbers)
    {
        _isLogarithmic = axis.IsLogarithmic;
        _inset = axis.IsInset ? Inset : 0;
        var (least, most) = (double.MaxValue, double.MinValue);
        foreach (var number in numbers.Concat(axis.Ticks ?? []))
            (least, most) = (Math.Min(least, number), Math.Max(most, number));
        if (axis.Ticks is not null)
        {
            Ticks = axis.Ticks;
            (_from, _to) = (least, most);
        }
        else if (_isLogarithmic)
        {
            (_from, _to, Ticks) = Logarithmic(least, most);
        }
        else
        {
            (_from, _to, Ticks) = Linear(most);
        }

        if (_to <= _from)
            _to = _from + Math.Max(1, Math.Abs(_from));
    }

    /// <summary>Where numbers stand.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>Where a number is: 0 at the beginning of the axis, 1 at its end.</summary>
    public double At(double number)
    {
        var share = _isLogarithmic
            ? (Math.Log10(number) - Math.Log10(_from)) / (Math.Log10(_to) - Math.Log10(_from))
            : (number - _from) / (_to - _from);
        return _inset + share * (1 - 2 * _inset);
    }

    private static (double From, double To, IReadOnlyList<double> Ticks) Logarithmic(double least, double most)
    {
        double[] steps = Math.Log10(most / least) <= DecadesForHalves ? [1, 2, 5] : [1];
        var all = new List<double>();
        for (var decade = (int)Math.Floor(Math.Log10(least)); decade <= (int)Math.Ceiling(Math.Log10(most)); decade++)
            all.AddRange(steps.Select(x => x * Math.Pow(10, decade)));
        var from = all.Last(x => x <= least * 1.0001);
        var to = all.FirstOrDefault(x => x >= most * 0.9999, most);
        return (from, to, [.. all.Where(x => x >= from && x <= to)]);
    }

    private static (double From, double To, IReadOnlyList<double> Ticks) Linear(double most)
    {
        var rough = Math.Max(most, double.Epsilon) / LinearTicks;
        var decade = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = RoundSteps.Select(x => x * decade).First(x => x >= rough * 0.9999);
        var count = (int)Math.Ceiling(most / step - 0.0001);
        return (0, count * step, [.. Enumerable.Range(0, count + 1).Select(x => x * step)]);
    }
}
