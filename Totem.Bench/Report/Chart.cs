namespace Totem.Bench.Report;

/// <summary>A drawing with two axes.</summary>
/// <param name="Title">Its subject.</param>
/// <param name="Subtitle">In which case.</param>
/// <param name="X">The axis below.</param>
/// <param name="Y">The axis at the left.</param>
/// <param name="Lines">The lines that are drawn.</param>
internal sealed record Chart(string Title, string Subtitle, ChartAxis X, ChartAxis Y, IReadOnlyList<ChartLine> Lines);

/// <summary>An axis.</summary>
/// <param name="Title">The quantity and its unit.</param>
/// <param name="IsLogarithmic">Whether equal ratios are equally long.</param>
/// <param name="Text">How a number is written.</param>
/// <param name="Ticks">Where numbers stand; null for round ones.</param>
/// <param name="IsInset">Whether the first and the last of those are a little inside, since points are at them.</param>
internal sealed record ChartAxis(
    string Title, bool IsLogarithmic, Func<double, string> Text, IReadOnlyList<double>? Ticks = null,
    bool IsInset = false);

/// <summary>One line.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Colour">Which of the colours: lines of one engine share one.</param>
/// <param name="IsDashed">Whether it is dashed.</param>
/// <param name="HasMarks">Whether its points are marked, because they alone were measured.</param>
/// <param name="Points">The points, by rising x.</param>
internal sealed record ChartLine(
    string Name, int Colour, bool IsDashed, bool HasMarks, IReadOnlyList<(double X, double Y)> Points);
