# What `Fit` draws and writes; each is imported on first use, since matplotlib takes as long to import as a small fit.
from .diagnostics import plot_predictive as plot_predictive
from .diagnostics import plot_prior_posterior as plot_prior_posterior
from .diagnostics import plot_ranks as plot_ranks
from .methods import Methods as Methods
from .methods import describe as describe
from .pictures import plot_cells as plot_cells
from .pictures import plot_contrasts as plot_contrasts
from .pictures import plot_pair as plot_pair
from .pictures import plot_pump as plot_pump
from .pictures import plot_residuals as plot_residuals
from .pictures import plot_temperature as plot_temperature
from .plots import plot_series as plot_series
from .report import report_html as report_html
from .report import write_report as write_report
from .tornado import plot_robustness as plot_robustness
