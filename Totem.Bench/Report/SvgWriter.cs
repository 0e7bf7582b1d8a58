using System.Globalization;
using System.Xml.Linq;

namespace Totem.Bench.Report;

/// <summary>
/// Draws charts as SVG, on white whatever the page is: no grey is read well on a white page and on a black one.
/// </summary>
internal static class SvgWriter
{
    private const int Width = 800;
    private const int Left = 84;
    private const int Right = 28;
    private const int TitleHeight = 54;
    private const int LegendRow = 20;
    private const int LegendColumn = 226;
    private const int PlotHeight = 320;
    private const int Bottom = 58;
    private const double Mark = 3.2;
    private const string Paper = "#ffffff";
    private const string Ink = "#4d555d";
    private const string Grid = "#d9dde1";
    private const string Font = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    // Told apart also by who does not see red and green (after Okabe and Ito), each dark enough for
    // the names in the legend too.
    private static readonly string[] Colours = ["#1f6fbf", "#b85c00", "#12805c", "#9c4fa6", "#7d6300"];

    /// <summary>Draws one.</summary>
    public static string Write(Chart chart)
    {
        var columns = (Width - Left - Right) / LegendColumn;
        var top = TitleHeight + (chart.Lines.Count + columns - 1) / columns * LegendRow + 10;
        var height = top + PlotHeight + Bottom;
        var x = new ChartScale(chart.X, chart.Lines.SelectMany(line => line.Points.Select(point => point.X)));
        var y = new ChartScale(chart.Y, chart.Lines.SelectMany(line => line.Points.Select(point => point.Y)));
        var root = new XElement(
            Svg + "svg", new XAttribute("viewBox", Words(0, 0, Width, height)), new XAttribute("width", Width),
            new XAttribute("height", height),
            new XAttribute("role", "img"), new XAttribute("font-family", Font), new XAttribute("font-size", 12),
            new XAttribute("fill", Ink),
            new XElement(Svg + "title", $"{chart.Title}: {chart.Subtitle}"),
            new XElement(Svg + "rect", new XAttribute("width", Width), new XAttribute("height", height),
                new XAttribute("fill", Paper)),
            Text(Left, 22, chart.Title, "start", ("font-size", "16"), ("font-weight", "600")),
            Text(Left, 41, chart.Subtitle, "start"));
        for (var i = 0; i < chart.Lines.Count; i++)
            AddLegend(
                root, chart.Lines[i], Left + i % columns * LegendColumn, TitleHeight + 6 + i / columns * LegendRow);
        AddAxes(root, chart, x, y, top);
        foreach (var line in chart.Lines)
            AddLine(root, line, point => (PlaceX(x, point.X), PlaceY(y, point.Y, top)));
        return root + "\n";
    }

    private static void AddAxes(XElement root, Chart chart, ChartScale x, ChartScale y, int top)
    {
        foreach (var tick in y.Ticks)
        {
            var place = PlaceY(y, tick, top);
            root.Add(
                Line(Left, place, Width - Right, place, Grid), Text(Left - 8, place + 4, chart.Y.Text(tick), "end"));
        }

        foreach (var tick in x.Ticks)
        {
            var place = PlaceX(x, tick);
            root.Add(Line(place, top, place, top + PlotHeight, Grid),
                Text(place, top + PlotHeight + 18, chart.X.Text(tick), "middle"));
        }

        root.Add(
            Line(Left, top, Left, top + PlotHeight, Ink),
            Line(Left, top + PlotHeight, Width - Right, top + PlotHeight, Ink),
            Text((Left + Width - Right) / 2.0, top + PlotHeight + 42, chart.X.Title, "middle"),
            Text(0, 0, chart.Y.Title, "middle",
                ("transform", $"translate(18 {Number(top + PlotHeight / 2.0)}) rotate(-90)")));
    }

    private static void AddLegend(XElement root, ChartLine line, int left, int middle)
    {
        root.Add(Stroke(new XElement(Svg + "path", new XAttribute("d", $"M{left} {middle}h28")), line));
        if (line.HasMarks)
            root.Add(Circle(left + 14, middle, line));
        root.Add(Text(left + 36, middle + 4, line.Name, "start"));
    }

    private static void AddLine(XElement root, ChartLine line, Func<(double X, double Y), (double X, double Y)> place)
    {
        var places = line.Points.Select(place).ToArray();
        if (places.Length > 1)
        {
            var path = "M" + string.Join('L', places.Select(point => Words(point.X, point.Y)));
            root.Add(Stroke(new XElement(Svg + "path", new XAttribute("d", path)), line));
        }

        if (line.HasMarks || places.Length == 1)
            root.Add(places.Select(point => Circle(point.X, point.Y, line)));
    }

    private static XElement Stroke(XElement path, ChartLine line)
    {
        path.Add(
            new XAttribute("fill", "none"), new XAttribute("stroke", ColourOf(line)), new XAttribute("stroke-width", 2),
            new XAttribute("stroke-linejoin", "round"));
        if (line.IsDashed)
            path.Add(new XAttribute("stroke-dasharray", "6 4"));
        return path;
    }

    private static XElement Circle(double x, double y, ChartLine line) => new(
        Svg + "circle", new XAttribute("cx", Number(x)), new XAttribute("cy", Number(y)),
        new XAttribute("r", Number(Mark)), new XAttribute("fill", ColourOf(line)));

    private static XElement Line(double x1, double y1, double x2, double y2, string colour) => new(
        Svg + "path", new XAttribute("d", $"M{Words(x1, y1)}L{Words(x2, y2)}"), new XAttribute("stroke", colour));

    private static XElement Text(double x, double y, string text, string anchor,
        params (string Name, string Value)[] more) => new(
        Svg + "text", new XAttribute("x", Number(x)), new XAttribute("y", Number(y)),
        new XAttribute("text-anchor", anchor),
        more.Select(attribute => new XAttribute(attribute.Name, attribute.Value)), text);

    private static double PlaceX(ChartScale scale, double number) => Left + scale.At(number) * (Width - Left - Right);

    private static double PlaceY(ChartScale scale, double number, int top) => top + (1 - scale.At(number)) * PlotHeight;

    private static string ColourOf(ChartLine line) => Colours[line.Colour % Colours.Length];

    private static string Words(params ReadOnlySpan<double> numbers)
    {
        var words = new List<string>();
        foreach (var number in numbers)
            words.Add(Number(number));
        return string.Join(' ', words);
    }

    private static string Number(double number) => Math.Round(number, 1).ToString(CultureInfo.InvariantCulture);
}
